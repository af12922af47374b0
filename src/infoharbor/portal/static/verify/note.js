// Signed notes, the checkpoints in them, and the keys that verify them (formats, §12).

import { ascending, compared, comparedTexts, fromBase64, fromNumber, joined, same, textOf, toBase64, toHex, toNumber, utf8 } from "./bytes.js";
import { sha256, tag } from "./hashes.js";
import { HASH_BYTES, SIZE_MAX } from "./merkle.js";
import { ensure, Refused } from "./refusal.js";
import { holds } from "./signatures.js";

export const NOTE_BYTES = 64 * 1024;
const NAME_BYTES = 255;
const KEY_ID_BYTES = 4;
const VERIFIER_KEY_CHARACTERS = 4096;
const CONTROL = /[\0-\x1f]/u;
const NO_NAME = /[\0- +\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/u;

const prefixed = (text) => joined(Uint8Array.of(utf8(text).length), utf8(text));

function subtreeMessage(name, text, seconds) {
  const { origin, size, root } = parseCheckpoint(text, true);
  const head = joined(utf8("subtree/v1\n\0"), prefixed(name), fromNumber(seconds, 8), prefixed(origin));
  return joined(head, new Uint8Array(8), fromNumber(size, 8), root);
}

/** Types of signatures: what keys and key ids begin with, the suite, the length of a public key, and what is signed. */
export const KINDS = {
  log: {
    identifier: Uint8Array.of(1), suite: "ed25519", keyBytes: 32, timed: false, message: (name, text) => utf8(text),
  },
  cosignature: {
    identifier: Uint8Array.of(4), suite: "ed25519", keyBytes: 32, timed: true,
    message: (name, text, seconds) => utf8(`cosignature/v1\ntime ${seconds}\n${text}`),
  },
  postQuantum: {
    identifier: Uint8Array.of(6), suite: "ml-dsa-44", keyBytes: 1312, timed: true, message: subtreeMessage,
  },
  sm2: {
    identifier: joined(Uint8Array.of(0xff), tag("note-sm2")), suite: "sm2", keyBytes: 65, timed: true,
    message: (name, text, seconds) => joined(tag("note-sm2"), prefixed(name), fromNumber(seconds, 8), utf8(text)),
  },
};

/** An integer from 0 to 2⁶³−1, as a BigInt. */
export function parseDecimal(text, field) {
  const fits = /^(?:0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) <= SIZE_MAX;
  ensure(fits, "note.number", field, "a decimal integer without leading zeros, at most 2^63 - 1");
  return BigInt(text);
}

/** Origin, size and root; other lines are refused unless they may be passed over. */
export function parseCheckpoint(text, passesOver = false) {
  const lines = text.split("\n");
  const end = lines.pop();
  const whole = end === "" && lines.length >= 3 && lines.every(Boolean);
  ensure(whole, "note.checkpoint", "text", "origin, size and root, one non-empty line each");
  ensure(lines.length === 3 || passesOver, "note.extension", "text", "no extension lines");
  const [origin, size, root] = [lines[0], parseDecimal(lines[1], "size"), fromBase64(lines[2], "root")];
  const oneLine = !CONTROL.test(origin) && utf8(origin).length <= NAME_BYTES;
  ensure(oneLine, "note.origin", "origin", `one line of 1 to ${NAME_BYTES} bytes`);
  ensure(root.length === HASH_BYTES, "note.root", "root", `${HASH_BYTES} bytes`);
  return { origin, size, root };
}

const isKeyName = (name) => name !== "" && utf8(name).length <= NAME_BYTES && !NO_NAME.test(name);

/** The key that `NAME+ID+KEY` is; its id must be the one computed from name and key. */
export function parseKey(text) {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/su.exec(text) ?? [];
  const fits = Array.from(text).length <= VERIFIER_KEY_CHARACTERS && encoded !== undefined;
  ensure(fits, "note.key", "vkey", "NAME+ID+KEY");
  const material = fromBase64(encoded, "vkey");
  const begins = ({ identifier }) => same(material.subarray(0, identifier.length), identifier);
  const kind = Object.values(KINDS).find(begins);
  ensure(kind, "note.key_kind", "vkey", "a key of type 0x01, 0x04, 0x06 or InfoHarbor's SM2");
  const key = verifierKey(name, kind, material.subarray(kind.identifier.length));
  ensure(toHex(key.id) === id, "note.key_id", "vkey", toHex(key.id));
  return key;
}

/** A public key with the name that it signs under, the kind of its signatures, and the id that follows from these. */
export function verifierKey(name, kind, publicKey) {
  ensure(isKeyName(name), "note.key_name", "name", `1 to ${NAME_BYTES} bytes, no space, no plus`);
  ensure(publicKey.length === kind.keyBytes, "note.key_length", "public_key", `${kind.keyBytes} bytes`);
  const id = sha256(joined(utf8(`${name}\n`), kind.identifier, publicKey)).subarray(0, KEY_ID_BYTES);
  return { name, kind, id, publicKey };
}

/** `NAME+ID+KEY`. */
export const encodeKey = ({ name, kind, id, publicKey }) =>
  `${name}+${toHex(id)}+${toBase64(joined(kind.identifier, publicKey))}`;

function parseLine(line) {
  const [, name, encoded] = /^— ([^ ]*) (.*)$/su.exec(line) ?? [];
  const fits = encoded !== undefined && isKeyName(name);
  ensure(fits, "note.signature_line", "signatures", "a dash, a name, base64, one space between");
  const material = fromBase64(encoded, "signatures");
  ensure(material.length > KEY_ID_BYTES, "note.signature_line", "signatures", "a key id and a signature");
  return { name, id: material.subarray(0, KEY_ID_BYTES), signature: material.subarray(KEY_ID_BYTES) };
}

function parseNote(given) {
  const raw = typeof given === "string" ? utf8(given) : given;
  ensure(raw.length <= NOTE_BYTES, "note.too_large", "note", `at most ${NOTE_BYTES} bytes`);
  const whole = textOf(raw, "note.encoding", "note");
  const plain = !CONTROL.test(whole.replaceAll("\n", ""));
  ensure(plain, "note.encoding", "note", "no control characters but newlines");
  const middle = whole.lastIndexOf("\n\n");
  ensure(middle >= 0, "note.unsigned", "note", "a text, an empty line and signature lines");
  const lines = whole.slice(middle + 2).split("\n");
  const ended = lines.pop() === "" && lines.length > 0;
  ensure(ended, "note.signature_line", "signatures", "at least one line, each ended by a newline");
  return { text: whole.slice(0, middle + 1), lines: lines.map(parseLine) };
}

/** The time (ms since 1970, as a BigInt) of the signature that `line` is by `key`, 0 if it states none; nothing if invalid. */
function timeOf(key, text, line) {
  const stamp = key.kind.timed ? 8 : 0;
  const seconds = toNumber(line.signature.subarray(0, stamp));
  if (line.signature.length < stamp || seconds > SIZE_MAX) return undefined;
  let message;
  try {
    message = key.kind.message(key.name, text, seconds);
  } catch (fault) {
    if (fault instanceof Refused) return undefined;
    throw fault;
  }
  return holds(key.kind.suite, key.publicKey, message, line.signature.subarray(stamp)) ? seconds * 1000n : undefined;
}

const inOrder = (one, other) => comparedTexts(one.name, other.name) || compared(one.id, other.id);

/** The text of a note (text or bytes), and the times by key of those of `keys` that signed it: in evidence nobody else may have. */
export function openNote(note, keys) {
  const { text, lines } = parseNote(note);
  const nameOf = ({ name, id }) => `${name}+${toHex(id)}`;
  const known = new Map(keys.map((key) => [nameOf(key), key]));
  ensure(known.size === keys.length, "note.key_ambiguous", "keys", "one key for each name and id");
  const ours = lines.every((line) => known.has(nameOf(line)));
  ensure(ours, "note.unknown_signature", "signatures", "only lines of known keys");
  ensure(ascending(lines, inOrder), "note.signature_order", "signatures", "each key once, by name and key id");
  const times = new Map();
  for (const line of lines) {
    const key = known.get(nameOf(line));
    const time = timeOf(key, text, line);
    ensure(time !== undefined, "note.signature_invalid", "signatures", `a valid signature of ${line.name}`);
    times.set(key, time);
  }
  return { text, times };
}
