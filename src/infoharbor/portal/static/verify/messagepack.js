// Canonical MessagePack: one value, one encoding (formats, §2).

import { joined, textOf, utf8 } from "./bytes.js";
import { Refused } from "./refusal.js";

const DEEPEST = 64;

class Unreadable extends Error {}

class Reader {
  constructor(bytes, name) {
    this.bytes = bytes;
    this.name = name;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.shortest = true;
  }

  value(depth = 0) {
    if (depth > DEEPEST) throw new Unreadable();
    const first = Number(this.unsigned(1));
    if (first < 0x80) return first;
    if (first >= 0xe0) return first - 0x100;
    if (first >= 0xa0 && first < 0xc0) return this.text(first & 0x1f);
    if (first >= 0x90 && first < 0xa0) return this.items(first & 0x0f, depth);
    switch (first) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6: return this.take(this.length(1 << (first - 0xc4), 0));
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return this.natural(1 << (first - 0xcc));
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: return this.integer(1 << (first - 0xd0));
      case 0xd9: case 0xda: case 0xdb: return this.text(this.length(1 << (first - 0xd9), 32));
      case 0xdc: case 0xdd: return this.items(this.length(2 << (first - 0xdc), 16), depth);
      default: throw new Unreadable(); // maps, floats, extensions
    }
  }

  take(length) {
    if (length > this.bytes.length - this.at) throw new Unreadable();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  unsigned(width) {
    this.take(width);
    return this.wide("Uint", width);
  }

  wide(sort, width) {
    const at = this.at - width;
    return BigInt(width === 8 ? this.view[`getBig${sort}64`](at) : this.view[`get${sort}${8 * width}`](at));
  }

  /** A length in `width` bytes, which a shorter header holds if it is below `short`. */
  length(width, short) {
    const length = Number(this.unsigned(width));
    const least = width === 1 || short === 16 && width === 2 ? short : 2 ** (4 * width);
    this.shortest &&= length >= least;
    return length;
  }

  natural(width) {
    const number = this.unsigned(width);
    this.shortest &&= number >= (width === 1 ? 128n : 1n << BigInt(4 * width));
    return plain(number);
  }

  integer(width) {
    this.take(width);
    const number = this.wide("Int", width);
    this.shortest &&= number < (width === 1 ? -32n : -(1n << BigInt(4 * width - 1)));
    return plain(number);
  }

  text(length) {
    return textOf(this.take(length), "ledger.malformed", this.name);
  }

  items(count, depth) {
    if (count > this.bytes.length - this.at) throw new Unreadable();
    return Array.from({ length: count }, () => this.value(depth + 1));
  }
}

/** A number where it is exact, else a BigInt. */
const plain = (number) => (Number.isSafeInteger(Number(number)) ? Number(number) : number);

/** The value that `bytes` are the canonical encoding of, in the form that `shape` gives it; `name` is the field's. */
export function decode(bytes, name, limit, shape) {
  if (bytes.length > limit) throw new Refused("ledger.too_large", name, `at most ${limit} bytes`);
  const reader = new Reader(bytes, name);
  let value;
  try {
    value = shape(reader.value());
    if (reader.at < bytes.length) throw new Unreadable();
  } catch (fault) {
    if (!(fault instanceof Unreadable)) throw fault;
    throw new Refused("ledger.malformed", name, "the declared fields with their types");
  }
  if (!reader.shortest) throw new Refused("ledger.not_canonical", name, "the shortest MessagePack encoding");
  return value;
}

const shaped = (fits) => (value) => {
  if (!fits(value)) throw new Unreadable();
  return value;
};

export const ANY = (value) => value;
export const INTEGER = shaped((value) => typeof value === "number" || typeof value === "bigint");
export const TEXT = shaped((value) => typeof value === "string");
export const BYTES = shaped((value) => value instanceof Uint8Array);
const ARRAY = shaped(Array.isArray);

export const listOf = (shape) => (value) => ARRAY(value).map((each) => shape(each));

/** An array of the fields' values, as an object: `fields` are the shapes by name, in order. */
export const structure = (fields) => (value) => {
  const names = Object.keys(fields);
  if (ARRAY(value).length !== names.length) throw new Unreadable();
  return Object.fromEntries(names.map((name, at) => [name, fields[name](value[at])]));
};

/** The canonical encoding of texts, bytes, integers from 0 to 2⁵³−1 and arrays of them. */
export function encode(value) {
  if (typeof value === "number") return headed(value, 0x80, 0x00, [0xcc, 0xcd, 0xce, 0xcf]);
  if (Array.isArray(value)) return joined(headed(value.length, 16, 0x90, [null, 0xdc, 0xdd]), ...value.map(encode));
  const bytes = typeof value === "string" ? utf8(value) : value;
  const head = bytes === value ? headed(bytes.length, 0, 0, [0xc4, 0xc5, 0xc6])
    : headed(bytes.length, 32, 0xa0, [0xd9, 0xda, 0xdb]);
  return joined(head, bytes);
}

/** `number` in its first byte from `base` on if it is below `short`; else behind the code for its width of 1, 2, 4, 8. */
function headed(number, short, base, codes) {
  if (number < short) return Uint8Array.of(base + number);
  const place = codes.findIndex((code, at) => code !== null && number < 2 ** (8 << at));
  const bytes = new DataView(new ArrayBuffer(9));
  bytes.setUint8(0, codes[place]);
  bytes.setBigUint64(1, BigInt(number) << BigInt(64 - (8 << place)));
  return new Uint8Array(bytes.buffer, 0, 1 + (1 << place));
}
