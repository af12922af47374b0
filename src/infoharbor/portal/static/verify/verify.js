// Checks an evidence file against a trust file, by docs/reference/formats.md alone: what it proves, or the first thing that
// fails. It asks nobody and needs no network.

import { ascending, comparedTexts, fromNumber, joined, same, toHex, utf8 } from "./bytes.js";
import { readEvidence } from "./file.js";
import { decodeHeader, FORMAT } from "./header.js";
import { HASH_SUITES, sha256, tag, tagged } from "./hashes.js";
import { isIncluded, leafHash } from "./merkle.js";
import { BYTES, decode, encode, INTEGER, listOf, structure, TEXT } from "./messagepack.js";
import { evaluate } from "./policy.js";
import { ensure } from "./refusal.js";
import { readRecord } from "./schema.js";
import { isProved } from "./tree.js";

const MEBIBYTE = 1024 * 1024;
const BUCKET_MS = 600_000n;
const EXPIRY_MAX = 2 ** 48;

const WRITE = structure({ path: TEXT, version: INTEGER });
const RECEIPT = structure({
  format: INTEGER, transaction: BYTES, height: INTEGER, position: INTEGER, code: TEXT, action: INTEGER, field: TEXT,
  expected: TEXT, signers: listOf(structure({ key: BYTES, user: TEXT, organisation: TEXT })), relied: listOf(TEXT),
  writes: listOf(WRITE),
});
const BODY = structure({
  format: INTEGER, chain: BYTES, keys: listOf(BYTES), nonce: BYTES, expiry: INTEGER,
  ceilings: structure({ reads: INTEGER, writes: INTEGER, written_bytes: INTEGER }), actions: listOf(BYTES),
});
const ACTION = structure({ salt: BYTES, by: listOf(TEXT), contract: TEXT, name: TEXT, arguments: BYTES });

/** What the bytes `evidence` prove under a trust file, read by `parseTrust`, and members' notes, if any; throws `Refused`. */
export function verify(evidence, trust, witnessed = []) {
  const file = readEvidence(evidence);
  const { checkpoint, cosigners, missing } = evaluate(file.checkpoint, trust, witnessed);
  ensure(!missing.length, "evidence.quorum", "checkpoint", missing.join("; "));
  const digest = HASH_SUITES.get(file.hash_suite);
  ensure(digest, "evidence.hash_suite", "hash_suite", "sha256 or sm3");
  const checking = new Checking(file, digest, trust, checkpoint);
  const records = file.records.map((item, at) => checking.record(`records[${at}]`, item));
  const receipts = file.receipts.map((item, at) => checking.receipt(`receipts[${at}]`, item));
  const inOrder = (one, other) => order(one.height, other.height) || order(one.position, other.position);
  ensure(ascending(receipts, inOrder), "evidence.order", "receipts", "each receipt once, ascending by height and position");
  return {
    trust,
    height: checking.state.height,
    time: checking.state.time,
    signers: cosigners.size ? [...cosigners.keys()] : trust.logs.map(({ key }) => key.name),
    records,
    receipts,
  };
}

/** Of integers that may be BigInts. */
const order = (one, other) => (one < other ? -1 : Number(one > other));

class Checking {
  constructor(file, digest, trust, checkpoint) {
    Object.assign(this, { digest, trust, checkpoint });
    this.state = this.header(file.state, "state");
    this.schemas = new Map(file.schemas.map((text) => [toHex(tagged(sha256, "schema", utf8(text))), text]));
    const used = new Set(file.records.flatMap(({ versions }) => versions.map(({ schema }) => toHex(schema))));
    const just = used.size === this.schemas.size && [...used].every((schema) => this.schemas.has(schema));
    const once = just && ascending(file.schemas, comparedTexts);
    ensure(once, "evidence.schema", "schemas", "each record's description, once, ascending, and no other");
    ensure(file.records.length || file.receipts.length, "evidence.empty", "records", "at least one record or receipt");
    const paths = file.records.map(({ path }) => path);
    ensure(ascending(paths, comparedTexts), "evidence.order", "records", "each path once, ascending");
  }

  header(proof, field) {
    const header = decodeHeader(proof.header);
    knownFormat(header.format, `${field}.header`);
    const ours = same(header.chain, this.trust.genesis);
    ensure(ours, "evidence.other_chain", `${field}.header`, `chain ${toHex(this.trust.genesis)}`);
    const { size, root } = this.checkpoint;
    const included = isIncluded(sha256, leafHash(sha256, proof.header), header.height, size, proof.path, root);
    ensure(included, "evidence.header", `${field}.path`, "a header of the checkpoint's log");
    return header;
  }

  record(field, { path, versions, complete, nodes, neighbour }) {
    const hashes = versions.map((version) => this.leafHash(path, version));
    const place = tagged(this.digest, "path", utf8(path));
    const stands = isProved(this.digest, this.state.state_root, place, hashes[0] ?? null, { nodes, neighbour });
    ensure(stands, "evidence.record", field, "the record under the header's state root");
    for (const [at, later] of versions.slice(0, -1).entries()) {
      const follows = same(later.previous, hashes[at + 1]) && later.version === versions[at + 1].version + 1;
      ensure(follows, "evidence.history", `${field}.versions`, "each version names the one before it");
    }
    const reachesFirst = !versions.length || same(versions.at(-1).previous, new Uint8Array(32));
    ensure(complete === reachesFirst, "evidence.history", `${field}.complete`, "true only if the versions go back to the first");
    return { path, complete, versions: versions.map((version) => ({ ...version, named: this.read(field, path, version) })) };
  }

  leafHash(path, { version, height, transaction, previous, schema, blind, value }) {
    return tagged(this.digest, "leaf", encode([path, version, height, transaction, previous, schema, blind, value]));
  }

  read(field, path, { schema, value }) {
    if (!value.length) return null;
    const { named, path: given } = readRecord(this.schemas.get(toHex(schema)), value);
    ensure(given === path, "evidence.record", `${field}.path`, "the path that the record's key gives");
    return named;
  }

  receipt(field, item) {
    const header = this.header(item.block, `${field}.block`);
    const receipt = decode(item.receipt, "receipt", 4 * MEBIBYTE, RECEIPT);
    knownFormat(receipt.format, `${field}.receipt`);
    const leaf = leafHash(this.digest, joined(tag("receipt"), item.blind, item.receipt));
    const { receipts, receipts_root: root } = header;
    const included = receipt.height === header.height
      && isIncluded(this.digest, leaf, receipt.position, receipts, item.path, root);
    ensure(included, "evidence.receipt", field, "a receipt under the header's receipts root");
    return { ...receipt, time: header.time, actions: this.opened(field, item, receipt) };
  }

  /** The shown actions of a transaction, which its body commits to. */
  opened(field, { body: encoded, actions }, receipt) {
    const code = "evidence.actions";
    if (!encoded.length) {
      ensure(!actions.length, code, `${field}.actions`, "a body that commits to them");
      return [];
    }
    const body = decode(encoded, "body", 2 * MEBIBYTE, BODY);
    knownFormat(body.format, `${field}.body`);
    const ours = body.expiry >= 0 && body.expiry < EXPIRY_MAX && same(this.transactionId(encoded, body), receipt.transaction);
    ensure(ours, "evidence.body", `${field}.body`, "the body of the receipt's transaction");
    const inOrder = ascending(actions, ([one], [other]) => one - other);
    ensure(inOrder, code, `${field}.actions`, "each action once, ascending");
    return actions.map(([place, action]) => {
      const committed = place < body.actions.length && same(tagged(this.digest, "action", action), body.actions[place]);
      ensure(committed, code, `${field}.actions`, "the action that the body commits to");
      return decode(action, "saltedaction", MEBIBYTE, ACTION);
    });
  }

  transactionId(encoded, { expiry }) {
    const bucket = fromNumber(BigInt(expiry) / BUCKET_MS, 4);
    return joined(bucket, tagged(this.digest, "transaction", encoded).subarray(0, 28));
  }
}

function knownFormat(number, field) {
  ensure(number === FORMAT, "evidence.format", field, `format ${FORMAT}, or a newer verifier`);
}
