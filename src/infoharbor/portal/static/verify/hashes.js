// The hash suites of a ledger, and hashes that name what they are of (formats, §1 and §3).

import { joined, utf8 } from "./bytes.js";
import { sm3 } from "./sm3.js";
import { sha256 } from "./vendor/noble-hashes/sha2.js";

export { sha256 };

/** By name; each takes bytes and gives 32. */
export const HASH_SUITES = new Map([["sha256", sha256], ["sm3", sm3]]);

export const tag = (name) => utf8(`infoharbor/${name}/1\0`);

export const tagged = (digest, name, ...parts) => digest(joined(tag(name), ...parts));
