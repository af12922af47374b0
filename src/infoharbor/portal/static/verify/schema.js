// Reads a record by the description in its schema: names beside values, without the contract's code (formats, §6).

import { toHex } from "./bytes.js";
import { ANY, decode } from "./messagepack.js";
import { ensure } from "./refusal.js";

const RECORD_BYTES = 128 * 1024;

/** The fields by name, and the path that the record's key gives. */
export function readRecord(schema, value) {
  const { record, key, fields } = JSON.parse(schema);
  const named = namedFields(fields, decode(value, "record", RECORD_BYTES, ANY));
  return { named, path: `${record}/${key.map((part) => named[part]).join("/")}` };
}

function namedFields(fields, values) {
  ensure(values.length <= fields.length, "evidence.schema", "schemas", "a description of every field");
  return Object.fromEntries(values.map((value, at) => [fields[at][0], readable(fields[at][1], value)]));
}

/** One value in a form for people. */
function readable(kind, value) {
  if (value === null) return null;
  if (kind.struct) return namedFields(kind.struct, value);
  if (kind.list) return value.map((each) => readable(kind.list, each));
  if (kind.tuple) return value.map((each, at) => readable(kind.tuple[at], each));
  if (kind.optional) return readable(kind.optional, value);
  return value instanceof Uint8Array ? toHex(value) : value;
}
