// Bytes and the texts that stand for them: hex, UTF-8, and the one base64 that the formats allow.

import { Refused } from "./refusal.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text) => encoder.encode(text);

/** The text of UTF-8 bytes; refused under `code` if they are none. */
export function textOf(bytes, code, field) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refused(code, field, "UTF-8");
  }
}

export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export const toNumber = (bytes) => (bytes.length ? BigInt("0x" + toHex(bytes)) : 0n);

/** `number` in `length` bytes, big-endian. */
export const fromNumber = (number, length) => fromHex(BigInt(number).toString(16).padStart(2 * length, "0"));

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Below, at or above zero, as `one` comes before, is, or comes after `other`. */
export function compared(one, other) {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at++) if (one[at] !== other[at]) return one[at] - other[at];
  return one.length - other.length;
}

export const same = (one, other) => compared(one, other) === 0;

/** Whether each of `items` comes after the one before it, so that none stands twice. */
export const ascending = (items, compare) => items.every((item, at) => at === 0 || compare(items[at - 1], item) < 0);

/** Texts in the order of their code points, which is that of their UTF-8 bytes. */
export const comparedTexts = (one, other) => compared(utf8(one), utf8(other));

const NO_BASE64 = /[^A-Za-z0-9+/]/;
const SPARE_BITS = /[^AQgw]==$|[^AEIMQUYcgkosw048=]=$/;

/** The bytes of padded base64, whose spare bits may be set; nothing if it is none. */
export function looseBase64(text) {
  // One expression for the whole would need more of the stack than there is for long values.
  if (text.length % 4 || NO_BASE64.test(text.replace(/={1,2}$/, ""))) return undefined;
  const signs = atob(text);
  const bytes = new Uint8Array(signs.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = signs.charCodeAt(at);
  return bytes;
}

/** Whether base64 is the one encoding of its bytes: no spare bits are set. */
export const isOneBase64 = (text) => !SPARE_BITS.test(text);

export const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** The bytes that `text` is the one standard encoding of (RFC 4648 §4, padded, no spare bits set). */
export function fromBase64(text, field) {
  const bytes = looseBase64(text);
  if (bytes === undefined) throw new Refused("note.base64", field, "standard base64 with padding");
  if (!isOneBase64(text)) throw new Refused("note.base64", field, "canonical base64");
  return bytes;
}
