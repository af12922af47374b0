// The trust file: whose signatures under a checkpoint are enough, and what is known of the ledger already (formats, §14).

import { fromBase64, fromHex, textOf, toBase64, toHex } from "./bytes.js";
import { HASH_BYTES } from "./merkle.js";
import { encodeKey, KINDS, parseDecimal, parseKey } from "./note.js";
import { ensure } from "./refusal.js";

export const EMBEDDED = "embedded";
export const NO_QUORUM = "none";
export const REPLICATED = "replicated";
const FORMAT = "infoharbor-trust/1";
export const TRUST_BYTES = 256 * 1024;
const LINES_OF_A_SORT = 64;
const ONCE = new Map([
  [`# ${FORMAT}`, 0], ["# chain", 2], ["# engine", 1], ["# pin", 2], ["# refresh-by", 1], ["quorum", 1],
]);
const NEEDED = ["# chain", "# engine", "# pin", "# refresh-by", "quorum"];
const EARLIER = "a witness or group of an earlier line";
// A date, any one sign, a time, an offset: with the separators of ISO 8601, or without.
const MOMENT = new RegExp([
  /^(?:(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d))./,
  /(?:(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?|(\d\d)(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)/,
  /(?:Z|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)$/,
].map(({ source }) => source).join(""), "su");

/** Reads a trust file; refuses one that cannot be meant. */
export function parseTrust(raw) {
  ensure(raw.length <= TRUST_BYTES, "trust.too_large", "trust", `at most ${TRUST_BYTES} bytes`);
  const text = textOf(raw, "trust.encoding", "trust");
  const plain = !/[\0-\x08\x0b-\x1f\x7f]/u.test(text);
  check(plain, "trust.encoding", "trust", "no control characters but tab and newline");
  check(text.endsWith("\n"), "trust.line", "trust", "every line ended by a newline");
  const reader = new Reader();
  for (const line of text.slice(0, -1).split("\n")) reader.read(line);
  return checked(reader.trust());
}

class Reader {
  once = new Map();
  logs = [];
  witnesses = new Map();
  groups = [];

  read(line) {
    const begin = line.search(/[^ \t]/u);
    if (begin < 0 || line.startsWith("##", begin)) return;
    const ours = line[begin] === "#";
    const [first = "", ...items] = line.slice(begin + Number(ours)).split(/[ \t]+/u).filter(Boolean);
    const word = ours ? `# ${first}` : first;
    if (!this.once.size) {
      check(word === `# ${FORMAT}` && !items.length, "trust.format", "trust", `a first line # ${FORMAT}`);
    }
    const several = { "log": this.log, "witness": this.witness, "group": this.group, "# sm2": this.sm2 };
    if (Object.hasOwn(several, word)) return several[word].call(this, items);
    check(ONCE.has(word), "trust.line", word, "a line of a trust file; comments start with ##");
    check(items.length === ONCE.get(word), "trust.line", word, `${ONCE.get(word)} items`);
    check(!this.once.has(word), "trust.line_twice", word, "one such line");
    if (word === "quorum") {
      check(items[0] === NO_QUORUM || this.knows(items[0]), "trust.unknown_name", items[0], EARLIER);
    }
    this.once.set(word, items);
  }

  knows(name) {
    return this.witnesses.has(name) || this.groups.some((group) => group.name === name);
  }

  log(items) {
    check(items.length === 1 || items.length === 2, "trust.line", "log", "VKEY [URL]");
    const [text, url = ""] = items;
    this.logs.push({ key: keyOf(text, "log", KINDS.log, KINDS.postQuantum), url });
  }

  witness(items) {
    check(items.length === 2 || items.length === 3, "trust.line", "witness", "NAME VKEY [URL]");
    const [name, text, url = ""] = items;
    check(!this.witnesses.has(name), "trust.duplicate_name", name, "a name of its own");
    const key = keyOf(text, "witness", KINDS.cosignature, KINDS.postQuantum);
    this.witnesses.set(name, { name, key, url, sm2: null });
  }

  sm2(items) {
    check(items.length === 2, "trust.line", "sm2", "WITNESS VKEY");
    const witness = this.witnesses.get(items[0]);
    check(witness && !witness.sm2, "trust.unknown_name", items[0], "a witness of an earlier line, once");
    witness.sm2 = keyOf(items[1], "sm2", KINDS.sm2);
  }

  group(items) {
    check(items.length >= 3, "trust.line", "group", "NAME all|any|NUMBER MEMBER...");
    const [name, threshold, ...members] = items;
    for (const member of members) check(this.knows(member), "trust.unknown_name", member, EARLIER);
    const words = new Map([["all", BigInt(members.length)], ["any", 1n]]);
    const needed = words.get(threshold) ?? parseDecimal(threshold, `group ${name}`);
    this.groups.push({ name, needed, members });
  }

  trust() {
    for (const word of NEEDED) check(this.once.has(word), "trust.line_missing", word, `a line ${word}`);
    const [chain, genesis] = this.once.get("# chain");
    check(/^[0-9a-f]{64}$/u.test(genesis), "trust.genesis", "chain", "64 lower-case hex digits");
    const [size, root] = this.once.get("# pin");
    return {
      chain,
      genesis: fromHex(genesis),
      origin: `${chain}/${genesis.slice(0, 16)}`,
      engine: this.once.get("# engine")[0],
      pin: { size: parseDecimal(size, "pin"), root: fromBase64(root, "pin") },
      refreshBy: milliseconds(this.once.get("# refresh-by")[0]),
      logs: this.logs,
      witnesses: [...this.witnesses.values()],
      groups: this.groups,
      quorum: this.once.get("quorum")[0],
    };
  }
}

/** Every key that may stand under a checkpoint. */
export function keysOf(trust) {
  const { logs, witnesses } = trust;
  const additional = witnesses.filter(({ sm2 }) => sm2).map(({ sm2 }) => sm2);
  return [...logs.map(({ key }) => key), ...witnesses.map(({ key }) => key), ...additional];
}

/** The trust, unless it breaks a rule that no single line shows. */
export function checked(trust) {
  const { logs, witnesses, groups, engine, origin, pin, quorum } = trust;
  check([EMBEDDED, REPLICATED].includes(engine), "trust.engine", "engine", "embedded or replicated");
  check(pin.size > 0n && pin.root.length === HASH_BYTES, "trust.pin", "pin", "a size above 0, its root");
  check(logs.length, "trust.no_log", "log", "at least one log line");
  for (const { key: { name } } of logs) {
    const named = name === origin || name.startsWith(`${origin}/`);
    check(named, "trust.log_origin", "log", `a key named ${origin}, or ${origin}/MEMBER`);
  }
  for (const sort of [logs, witnesses, groups]) {
    check(sort.length <= LINES_OF_A_SORT, "trust.too_many", "trust", `at most ${LINES_OF_A_SORT} lines of a sort`);
  }
  // One public key has one role: else one signer would be counted twice.
  const keys = keysOf(trust).map(({ publicKey }) => toHex(publicKey));
  check(new Set(keys).size === keys.length, "trust.duplicate_key", "vkey", "each public key once");
  checkNames(trust);
  const expected = "a quorum of witnesses, since the engine is replicated";
  check(quorum !== NO_QUORUM || engine === EMBEDDED, "trust.quorum_none", "quorum", expected);
  return trust;
}

function checkNames({ witnesses, groups, quorum }) {
  const names = new Set([NO_QUORUM]);
  const claim = (name) => {
    check(!names.has(name), "trust.duplicate_name", name, "a name of its own");
    names.add(name);
  };
  for (const { name } of witnesses) claim(name);
  const members = new Set();
  for (const group of groups) {
    for (const member of group.members) {
      check(member !== NO_QUORUM && names.has(member), "trust.unknown_name", member, "a name of an earlier line");
      check(!members.has(member), "trust.member_twice", member, "a member of one group, once");
      members.add(member);
    }
    const most = group.members.length;
    check(group.needed >= 1n && group.needed <= most, "trust.threshold", group.name, `1 to ${most}`);
    claim(group.name);
  }
  check(names.has(quorum), "trust.unknown_name", quorum, EARLIER);
}

/** The text of the trust file, in the form that we write it in. */
export function encodeTrust({ chain, genesis, engine, pin, refreshBy, logs, witnesses, groups, quorum }) {
  const trimmed = (...items) => items.filter(Boolean).join(" ");
  const lines = [
    `# ${FORMAT}`,
    `# chain ${chain} ${toHex(genesis)}`,
    `# engine ${engine}`,
    `# pin ${pin.size} ${toBase64(pin.root)}`,
    `# refresh-by ${new Date(refreshBy).toISOString().replace("Z", "+00:00")}`,
    ...logs.map(({ key, url }) => trimmed("log", encodeKey(key), url)),
    ...witnesses.flatMap(({ name, key, url, sm2 }) => [
      trimmed("witness", name, encodeKey(key), url), ...(sm2 ? [`# sm2 ${name} ${encodeKey(sm2)}`] : []),
    ]),
    ...groups.map(({ name, needed, members }) => `group ${name} ${needed} ${members.join(" ")}`),
    `quorum ${quorum}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function keyOf(text, field, ...kinds) {
  const key = parseKey(text);
  check(kinds.includes(key.kind), "trust.key_kind", field, "a key of a type for this line");
  return key;
}

/** ISO 8601 with an offset, in milliseconds since 1970 UTC. */
function milliseconds(text) {
  const expected = "an ISO 8601 date and time with an offset";
  const parts = MOMENT.exec(text);
  check(parts, "trust.time", "refresh-by", expected);
  const first = (...places) => Number(places.map((place) => parts[place]).find((part) => part !== undefined) ?? 0);
  const [year, month, day] = [first(1, 4), first(2, 5), first(3, 6)];
  const [hour, minute, second] = [first(7, 11), first(8, 12), first(9, 13)];
  const [offsetHour, offsetMinute, offsetSecond] = [first(16), first(17), first(18)];
  const thousandths = Number((parts[10] ?? parts[14] ?? "").padEnd(3, "0").slice(0, 3));
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const onClock = (hours, ...rest) => hours < 24 && rest.every((part) => part < 60);
  const real = exists && onClock(hour, minute, second) && onClock(offsetHour, offsetMinute, offsetSecond);
  const offset = (parts[15] === "-" ? -1 : 1) * seconds(offsetHour, offsetMinute, offsetSecond);
  const moment = date.getTime() + 1000 * (seconds(hour, minute, second) - offset) + thousandths;
  check(real && moment >= 0, "trust.time", "refresh-by", expected);
  return moment;
}

const seconds = (hours, minutes, rest) => 3600 * hours + 60 * minutes + rest;

function check(condition, code, field, expected) {
  ensure(condition, code, Array.from(field).slice(0, 64).join(""), expected);
}
