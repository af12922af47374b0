// Who attests a ledger's checkpoints, and the lines of a trust file that follow from that (formats, §10 and §14).

import { same } from "./bytes.js";
import { sha256, tagged } from "./hashes.js";
import { BYTES, decode, INTEGER, listOf, structure, TEXT } from "./messagepack.js";
import { encodeKey, KINDS, verifierKey } from "./note.js";
import { ensure } from "./refusal.js";
import { checked, NO_QUORUM, REPLICATED } from "./trust.js";

const SET_BYTES = 256 * 1024;
/** What a trust file calls the quorum of members. */
const GROUP = "attesters";
const COSIGNING = new Map([KINDS.cosignature, KINDS.postQuantum].map((kind) => [kind.suite, kind]));
const MEMBERS = listOf(structure({
  organisation: TEXT, suite: TEXT, cosigner: BYTES, sm2: BYTES, log: BYTES, submission: BYTES,
}));
const SET = structure({ format: INTEGER, era: INTEGER, members: MEMBERS, next: MEMBERS });

/** The set that `bytes` are the encoding of, of whatever format. */
export const decodeSet = (bytes) => decode(bytes, "attesterset", SET_BYTES, SET);

/** Whether this is what a header says of the set that `bytes` encode. */
export const isRootOf = (root, bytes) => same(root, tagged(sha256, "attesters", bytes));

/** The lines of a trust file for these members: their logs, their witnesses, and the group of their quorum. */
function linesOf(origin, members) {
  const keys = members.map(({ organisation, suite, cosigner, sm2, log, submission }) => {
    const own = `${origin}/${organisation}`;
    const kind = COSIGNING.get(suite);
    ensure(kind, "trust.key_kind", "suite", [...COSIGNING.keys()].join(" or "));
    return {
      witness: {
        name: organisation,
        key: verifierKey(`${own}/${GROUP}`, kind, cosigner),
        url: "",
        sm2: sm2.length ? verifierKey(`${own}/${GROUP}`, KINDS.sm2, sm2) : null,
      },
      logs: [verifierKey(origin, KINDS.log, log), verifierKey(own, KINDS.log, submission)].map((key) => ({ key, url: "" })),
    };
  });
  const needed = BigInt(members.length - Math.floor((members.length - 1) / 3));
  return {
    logs: keys.flatMap(({ logs }) => logs),
    witnesses: keys.map(({ witness }) => witness),
    group: { name: GROUP, needed, members: members.map(({ organisation }) => organisation) },
  };
}

const groupIn = (trust) => trust.groups.find(({ name }) => name === GROUP);

/** The members' attesters that a trust file names: none where one operator is enough. */
export function attestersIn(trust) {
  if (trust.quorum === NO_QUORUM) return [];
  const group = groupIn(trust);
  ensure(group, "trust.no_attesters", "group", `a group named ${GROUP}`);
  return trust.witnesses.filter(({ name }) => group.members.includes(name));
}

/** The trust file as if it asked for the members' quorum alone. */
export function ofMembers(trust) {
  attestersIn(trust);
  return trust.quorum === NO_QUORUM ? trust : { ...trust, quorum: GROUP };
}

/** Whether the trust file names just these members' attesters, and their quorum. */
export function areThoseOf(trust, members) {
  if (trust.quorum === NO_QUORUM) return !members.length;
  const { witnesses, group } = linesOf(trust.origin, members);
  const told = ({ name, key, sm2 }) => JSON.stringify([name, encodeKey(key), sm2 && encodeKey(sm2)]);
  const [known, wanted] = [new Set(attestersIn(trust).map(told)), new Set(witnesses.map(told))];
  const alike = known.size === wanted.size && [...known].every((each) => wanted.has(each));
  return alike && group.needed === groupIn(trust).needed;
}

/** The trust file with these members' attesters in the place of those it names, or of the one operator; outside witnesses stay. */
export function withMembers(trust, members) {
  if (trust.quorum === NO_QUORUM) {
    const { logs, witnesses, group } = linesOf(trust.origin, members);
    return checked({ ...trust, engine: REPLICATED, logs, witnesses, groups: [group], quorum: GROUP });
  }
  const before = attestersIn(trust);
  const urls = new Map([...trust.logs, ...trust.witnesses].map(({ key, url }) => [encodeKey(key), url]));
  const located = (each) => ({ ...each, url: urls.get(encodeKey(each.key)) ?? "" });
  const { logs, witnesses, group } = linesOf(trust.origin, members);
  return checked({
    ...trust,
    logs: logs.map(located),
    witnesses: [...witnesses.map(located), ...trust.witnesses.filter((each) => !before.includes(each))],
    groups: trust.groups.map((each) => (each.name === GROUP ? group : each)),
  });
}
