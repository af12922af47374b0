// The evidence file and its one encoding (formats, §13).

import { isOneBase64, looseBase64, same, textOf, utf8 } from "./bytes.js";
import { sha256, tagged } from "./hashes.js";
import { ensure, Refused } from "./refusal.js";

const FORMAT = "infoharbor/evidence/1";
export const EVIDENCE_BYTES = 16 * 1024 * 1024;
const ITEMS_MAX = 2_000;

class Unreadable extends Error {}

const shaped = (fits) => (value) => {
  if (!fits(value)) throw new Unreadable();
  return value;
};

const LONE_SURROGATE = /\p{Surrogate}/u;
const TEXT = shaped((value) => typeof value === "string" && !LONE_SURROGATE.test(value));
const INTEGER = shaped((value) => Number.isSafeInteger(value) && value >= 0);
const BOOLEAN = shaped((value) => typeof value === "boolean");
const BYTES = (value) => {
  const bytes = looseBase64(TEXT(value));
  if (bytes === undefined) throw new Unreadable();
  bytes.toJSON = () => (isOneBase64(value) ? value : null); // so that writing the file again encodes nothing twice
  return bytes;
};
const ARRAY = shaped(Array.isArray);
const listOf = (shape) => (value) => ARRAY(value).map((each) => shape(each));
const orNull = (shape) => (value) => (value === null ? null : shape(value));

/** An object with exactly these members; it is given back with them in this order. */
const part = (members) => (value) => {
  const names = Object.keys(members);
  const fits = value !== null && typeof value === "object" && !Array.isArray(value);
  if (!fits || Object.keys(value).length !== names.length) throw new Unreadable();
  if (!names.every((name) => Object.hasOwn(value, name))) throw new Unreadable();
  return Object.fromEntries(names.map((name) => [name, members[name](value[name])]));
};

const PAIR = (value) => {
  const [index, encoded] = shaped((pair) => pair.length === 2)(ARRAY(value));
  return [INTEGER(index), BYTES(encoded)];
};
const HEADER_PROOF = part({ header: BYTES, path: listOf(BYTES) });
const VERSION = part({
  version: INTEGER, height: INTEGER, transaction: BYTES, previous: BYTES, schema: BYTES, blind: BYTES, value: BYTES,
});
const RECORD = part({
  path: TEXT,
  versions: listOf(VERSION),
  complete: BOOLEAN,
  nodes: listOf(part({ mask: INTEGER, slots: listOf(BYTES) })),
  neighbour: orNull(part({ path_hash: BYTES, leaf_hash: BYTES })),
});
const RECEIPT = part({
  block: HEADER_PROOF, receipt: BYTES, blind: BYTES, path: listOf(BYTES), body: BYTES, actions: listOf(PAIR),
});
const EVIDENCE = part({
  infoharbor: TEXT,
  digest: BYTES,
  hash_suite: TEXT,
  checkpoint: TEXT,
  state: HEADER_PROOF,
  schemas: listOf(TEXT),
  records: listOf(RECORD),
  receipts: listOf(RECEIPT),
});

/** The evidence, if `raw` is its one encoding. */
export function readEvidence(raw) {
  ensure(raw.length <= EVIDENCE_BYTES, "evidence.too_large", "file", `at most ${EVIDENCE_BYTES} bytes`);
  const text = textOf(raw, "evidence.malformed", "file");
  let evidence;
  try {
    evidence = EVIDENCE(JSON.parse(text));
  } catch (fault) {
    const known = [Unreadable, SyntaxError, RangeError].some((kind) => fault instanceof kind);
    throw known ? new Refused("evidence.malformed", "file", "an evidence file") : fault;
  }
  const written = JSON.stringify(evidence) + "\n";
  // In a string its quotes would be escaped: so the first such place is the member.
  const unsealed = written.replace(/"digest":"[^"]*"/, '"digest":""');
  const digest = tagged(sha256, "evidence", utf8(unsealed));
  const canonical = written === text && same(evidence.digest, digest);
  ensure(canonical, "evidence.not_canonical", "file", "the one encoding that the format has, and its digest");
  ensure(evidence.infoharbor === FORMAT, "evidence.format", "infoharbor", FORMAT);
  const few = evidence.records.length <= ITEMS_MAX && evidence.receipts.length <= ITEMS_MAX;
  ensure(few, "evidence.too_large", "records", `at most ${ITEMS_MAX}`);
  return evidence;
}
