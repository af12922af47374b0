// Whether a checkpoint is to be believed under a trust file: who signed, and what is missing (formats, §14).

import { same } from "./bytes.js";
import { openNote, parseCheckpoint } from "./note.js";
import { ensure } from "./refusal.js";
import { keysOf, NO_QUORUM } from "./trust.js";

const MEMBER_NOTES = 64;

/**
 * The checkpoint in `note` and the witnesses that signed it; refuses one that is not to be believed. `witnessed` are notes of
 * the same size and root under members' own origins, by which outside witnesses count.
 */
export function believed(note, trust, witnessed) {
  const { checkpoint, times, logKeys } = opened(note, trust);
  ensure(checkpoint.origin === trust.origin, "trust.other_chain", "origin", trust.origin);
  const agrees = checkpoint.size !== trust.pin.size || same(checkpoint.root, trust.pin.root);
  ensure(agrees, "trust.forked", "root", "the pinned root, since the size is the pinned one");
  const names = new Set([...cosignersIn(trust, times), ...outside(trust, checkpoint, witnessed)]);
  const cosigners = trust.witnesses.filter(({ name }) => names.has(name));
  refuseSurplus(trust, times, cosigners, logKeys);
  const missing = shortages(trust, cosigners);
  ensure(!missing.length, "evidence.quorum", "checkpoint", missing.join("; "));
  return { checkpoint, signers: cosigners.map(({ name }) => name) };
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

/** The witnesses whose own keys signed. Without a time, one does not say that it has seen no larger tree. */
function cosignersIn({ witnesses }, times) {
  return witnesses.filter(({ key }) => (times.get(key) ?? 0n) > 0n).map(({ name }) => name);
}

/** The witnesses that cosigned the same tree under enough members' origins: at least one honest member showed it to them. */
function outside(trust, { size, root }, notes) {
  ensure(notes.length <= MEMBER_NOTES, "trust.too_many", "members", `at most ${MEMBER_NOTES} notes`);
  const origins = new Set(trust.logs.map(({ key }) => key.name).filter((name) => name !== trust.origin));
  const under = new Map();
  for (const note of notes) {
    const { checkpoint, times } = opened(note, trust);
    const fits = origins.has(checkpoint.origin) && checkpoint.size === size && same(checkpoint.root, root);
    ensure(fits && !under.has(checkpoint.origin), "trust.member_note", "members", "this size and root, once an origin");
    under.set(checkpoint.origin, cosignersIn(trust, times));
  }
  const count = (witness) => [...under.values()].filter((names) => names.includes(witness)).length;
  const enough = (witness) => under.size > 0 && count(witness) > Math.floor((origins.size - 1) / 3);
  return trust.witnesses.map(({ name }) => name).filter(enough);
}

function refuseSurplus(trust, times, cosigners, logKeys) {
  const needless = cosigners.some((each) => isMet(trust, cosigners.filter((other) => other !== each)));
  ensure(!needless, "note.surplus_signature", "signatures", "only cosignatures that the quorum needs");
  const counted = new Set([...logKeys, ...cosigners.flatMap(({ key, sm2 }) => [key, sm2])]);
  const stray = [...times.keys()].some((key) => !counted.has(key));
  ensure(!stray, "note.surplus_signature", "signatures", "the log, and SM2 only beside its witness's own");
}

/** The names of the witnesses that signed and of all groups that they satisfy. */
function satisfied({ groups }, cosigners) {
  const names = new Set(cosigners.map(({ name }) => name));
  // In the order of the file, where members stand before their group.
  for (const { name, needed, members } of groups) {
    if (members.filter((member) => names.has(member)).length >= needed) names.add(name);
  }
  return names;
}

function isMet(trust, cosigners) {
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
