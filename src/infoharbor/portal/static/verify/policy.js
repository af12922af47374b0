// Whether a checkpoint is to be believed under a trust file: who signed, and what is missing (formats, §14).

import { same } from "./bytes.js";
import { openNote, parseCheckpoint } from "./note.js";
import { ensure } from "./refusal.js";
import { keysOf, NO_QUORUM } from "./trust.js";

const MEMBER_NOTES = 64;

/**
 * The checkpoint in `note`, the times by name of the witnesses that signed it, and what keeps the quorum from being met, the
 * quorum first. `witnessed` are notes of the same size and root under members' own origins, by which outside witnesses count;
 * they have to count for each of the `earlier` trust files too, which were carried forward to this one.
 */
export function evaluate(note, trust, witnessed = [], earlier = []) {
  const { checkpoint, times, logKeys } = opened(note, trust);
  ensure(checkpoint.origin === trust.origin, "trust.other_chain", "origin", trust.origin);
  const agrees = checkpoint.size !== trust.pin.size || same(checkpoint.root, trust.pin.root);
  ensure(agrees, "trust.forked", "root", "the pinned root, since the size is the pinned one");
  const cosigners = new Map([...cosignersIn(trust, times), ...outside([trust, ...earlier], checkpoint, witnessed)]);
  refuseSurplus(trust, times, trust.witnesses.filter(({ name }) => cosigners.has(name)), logKeys);
  return { checkpoint, cosigners, missing: shortages(trust, new Set(cosigners.keys())) };
}

/** A checkpoint that one log key of its origin signed. */
function opened(note, trust) {
  const { text, times } = openNote(note, keysOf(trust));
  const checkpoint = parseCheckpoint(text);
  const logKeys = trust.logs.map(({ key }) => key).filter(({ name }) => name === checkpoint.origin);
  const signed = logKeys.filter((key) => times.has(key)).length;
  ensure(signed, "trust.log_unsigned", "signatures", `a signature of a log key of ${checkpoint.origin}`);
  ensure(signed === 1, "note.surplus_signature", "signatures", "one signature of a log key");
  return { checkpoint, times, logKeys };
}

/** Names and times of the witnesses whose own keys signed. Without a time, one does not say that it has seen no larger tree. */
function cosignersIn({ witnesses }, times) {
  return witnesses.map(({ name, key }) => [name, times.get(key) ?? 0n]).filter(([, time]) => time > 0n);
}

const membersOrigins = ({ logs, origin }) => new Set(logs.map(({ key }) => key.name).filter((name) => name !== origin));

/**
 * Names and earliest times of the witnesses that cosigned the same tree under enough members' origins of each of `trusts`, the
 * first of which holds now: at least one honest member of each showed it to them.
 */
function outside(trusts, { size, root }, notes) {
  ensure(notes.length <= MEMBER_NOTES, "trust.too_many", "members", `at most ${MEMBER_NOTES} notes`);
  const [trust] = trusts;
  const origins = trusts.map(membersOrigins);
  const seen = new Set();
  const found = new Map(); // by witness: the origins under which it cosigned, and when first
  for (const note of notes) {
    const { checkpoint: { origin, ...tree }, times } = opened(note, trust);
    const fits = origins[0].has(origin) && tree.size === size && same(tree.root, root);
    ensure(fits && !seen.has(origin), "trust.member_note", "members", "this size and root, once an origin");
    seen.add(origin);
    for (const [name, time] of cosignersIn(trust, times)) {
      const { under, earliest } = found.get(name) ?? { under: [], earliest: time };
      found.set(name, { under: [...under, origin], earliest: time < earliest ? time : earliest });
    }
  }
  const enough = (under) => (own) => under.filter((origin) => own.has(origin)).length > Math.floor((own.size - 1) / 3);
  const counting = [...found].filter(([, { under }]) => origins.every(enough(under)));
  return counting.map(([name, { earliest }]) => [name, earliest]);
}

function refuseSurplus(trust, times, cosigners, logKeys) {
  const names = cosigners.map(({ name }) => name);
  const needless = names.some((each) => isMet(trust, new Set(names.filter((other) => other !== each))));
  ensure(!needless, "note.surplus_signature", "signatures", "only cosignatures that the quorum needs");
  const counted = new Set([...logKeys, ...cosigners.flatMap(({ key, sm2 }) => [key, sm2])]);
  const stray = [...times.keys()].some((key) => !counted.has(key));
  ensure(!stray, "note.surplus_signature", "signatures", "the log, and SM2 only beside its witness's own");
}

/** The names of witnesses and of all groups that they satisfy. */
function satisfied({ groups }, cosigners) {
  const names = new Set(cosigners);
  // In the order of the file, where members stand before their group.
  for (const { name, needed, members } of groups) {
    if (members.filter((member) => names.has(member)).length >= needed) names.add(name);
  }
  return names;
}

/** Whether the quorum holds if witnesses of these names cosigned. */
export function isMet(trust, cosigners) {
  return trust.quorum === NO_QUORUM || satisfied(trust, cosigners).has(trust.quorum);
}

/** What keeps the quorum from being met, the quorum first. */
function shortages(trust, cosigners) {
  if (isMet(trust, cosigners)) return [];
  const names = satisfied(trust, cosigners);
  const groups = new Map(trust.groups.map((group) => [group.name, group]));
  if (!groups.has(trust.quorum)) return [`${trust.quorum}: 0 of 1, without ${trust.quorum}`];
  const told = [];
  const open = [trust.quorum];
  for (const name of open) {
    const { needed, members } = groups.get(name);
    const absent = members.filter((member) => !names.has(member));
    told.push(`${name}: ${members.length - absent.length} of ${needed}, without ${absent.join(", ")}`);
    open.push(...absent.filter((member) => groups.has(member)));
  }
  return told;
}
