// How an old trust file is carried forward through the handovers of the attesters since (formats, §16).

import { areThoseOf, attestersIn, decodeSet, isRootOf, ofMembers, withMembers } from "./attesters.js";
import { same, toHex } from "./bytes.js";
import { sha256 } from "./hashes.js";
import { decodeHeader, FORMAT } from "./header.js";
import { isConsistent, isIncluded, leafHash } from "./merkle.js";
import { BYTES, decode, INTEGER, listOf, structure, TEXT } from "./messagepack.js";
import { evaluate, isMet } from "./policy.js";
import { ensure } from "./refusal.js";

export const WAY_BYTES = 16 * 1024 * 1024;
const NAMINGS_MAX = 1_000;
const STEP = structure({
  naming: structure({ attesters: BYTES, header: BYTES, path: listOf(BYTES), checkpoint: TEXT }),
  consistency: listOf(BYTES),
});
const WAY_FORWARD = structure({ format: INTEGER, handovers: listOf(STEP), newest: STEP });

/**
 * The trust file `trust` as it stands at the end of the way that `bytes` encode, and how many handovers that has; throws
 * `Refused`. `now` and `refreshBy` are in milliseconds since 1970 UTC; `witnessed` are members' notes of its newest checkpoint.
 *
 * Past its date a trust file goes forward only if its quorum asks for an outside witness too, which has cosigned since: else
 * an old way would make the file seem fresh that ends before a handover.
 */
export function advance(trust, bytes, { now, refreshBy, witnessed = [] }) {
  const way = decode(bytes, "wayforward", WAY_BYTES, WAY_FORWARD);
  const date = trust.refreshBy;
  const fresh = now <= date || !isMet(trust, namesOf(attestersIn(trust)));
  ensure(fresh, "trust.stale", "refresh-by", "a new trust file, by a way that you trust");
  ensure(way.format === FORMAT, "trust.handover_format", "format", String(FORMAT));
  ensure(way.handovers.length <= NAMINGS_MAX, "trust.too_many", "handovers", `at most ${NAMINGS_MAX}`);
  const earlier = [];
  let carried = trust;
  for (const { naming, consistency } of way.handovers) {
    const { attesters, checkpoint } = opened(naming, ofMembers(carried));
    ensure(attesters.next.length, "trust.no_handover", "attesters", "a set that names the next one");
    earlier.push(carried);
    carried = withMembers(pinned(carried, checkpoint, consistency), attesters.next);
  }
  const { checkpoint, cosigners } = opened(way.newest.naming, carried, witnessed, earlier);
  const beyond = !way.handovers.length || checkpoint.size >= carried.pin.size;
  ensure(beyond, "trust.inconsistent", "newest", "a checkpoint at or beyond those of the handovers");
  const own = namesOf(attestersIn(carried));
  const since = [...cosigners].filter(([name, time]) => own.has(name) || time >= date).map(([name]) => name);
  const recent = now <= date || isMet(carried, new Set(since));
  ensure(recent, "trust.stale", "newest", "a checkpoint that outside witnesses cosigned after the refresh date");
  return { trust: { ...pinned(carried, checkpoint, way.newest.consistency), refreshBy }, handovers: way.handovers.length };
}

const namesOf = (witnesses) => new Set(witnesses.map(({ name }) => name));

/** What a naming proves under `trust`, whose attesters must be those in force: the set, the checkpoint, who cosigned it when. */
function opened({ attesters: encoded, header: leaf, path, checkpoint: note }, trust, witnessed = [], earlier = []) {
  const { checkpoint, cosigners, missing } = evaluate(note, trust, witnessed, earlier);
  ensure(!missing.length, "trust.quorum", "checkpoint", missing.join("; "));
  const [attesters, header] = [decodeSet(encoded), decodeHeader(leaf)];
  const known = attesters.format === FORMAT && header.format === FORMAT;
  ensure(known, "trust.handover_format", "naming", "a format that this version knows");
  ensure(same(header.chain, trust.genesis), "trust.other_chain", "header", toHex(trust.genesis));
  ensure(isRootOf(header.attesters_root, encoded), "trust.not_named", "attesters", "the attester set that the header names");
  const included = isIncluded(sha256, leafHash(sha256, leaf), header.height, checkpoint.size, path, checkpoint.root);
  ensure(included, "trust.not_included", "path", "a header in the log under the checkpoint");
  // A key counts in its own era only: later headers are for the set that they name.
  ensure(areThoseOf(trust, attesters.members), "trust.other_era", "attesters", "the attesters of the trust file");
  return { attesters, checkpoint, cosigners };
}

/** The trust file with the larger of its pin and the checkpoint as its pin; refuses unless both are of one history. */
function pinned(trust, { size, root }, consistency) {
  const ends = trust.pin.size <= size ? [trust.pin, { size, root }] : [{ size, root }, trust.pin];
  const agrees = isConsistent(sha256, ...ends, consistency);
  ensure(agrees, "trust.inconsistent", "consistency", "a proof that the checkpoint and the pin are of one history");
  return size > trust.pin.size ? { ...trust, pin: { size, root } } : trust;
}
