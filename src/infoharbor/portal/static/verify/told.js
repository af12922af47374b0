// What a check found, as a person reads it. Texts are the page's; nothing from a file becomes anything but text.

import { countsIn, goodsIn, namesOf, tableOf } from "./about.js";
import { EMBEDDED } from "./trust.js";

const RECORDS_SHOWN = 100;
const LISTED = 5;
const NAME_LINE = 28; // characters that fit beside each other on a phone
const MINUTE_MS = 60_000;

/** An element with attributes and children; texts become text nodes. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export class Teller {
  /**
   * `page` is what the page gives along: `texts`, `refusals`, what is `expected` in the reader's language, words of `tables` and `fields`, which are `times`, their `offset`,
   * the command that checks a time `stamp`, and what a page of goods is `about`.
   */
  constructor(page) {
    this.page = page;
  }

  text(key, values = {}) {
    return this.page.texts[key].replace(/\{(\w+)\}/gu, (_, name) => values[name]);
  }

  /** The text in a paragraph; a value may be an array of elements and texts. */
  paragraph(key, values = {}) {
    const pieces = this.page.texts[key].split(/\{(\w+)\}/u);
    return element("p", {}, ...pieces.flatMap((piece, at) => (at % 2 ? values[piece] : piece)));
  }

  /** What would be right, where the page has words for it: pairs of texts with `{}` for each value, the likeliest first. */
  expected(text) {
    for (const [english, words] of this.page.expected) {
      const pieces = english.split("{}").map((piece) => piece.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&"));
      const [whole, ...values] = new RegExp(`^${pieces.join("(.*?)")}$`, "su").exec(text ?? "") ?? [];
      let next = 0;
      if (whole !== undefined) return words.replace(/\{(\d*)\}/gu, (_, place) => values[place || next++]);
    }
    return text;
  }

  /** `whose` is the key of the sentence that says whose trust file it was. */
  refused({ code, field, expected }, whose) {
    return this.verdict("wrong", "verify.not_proved", [
      element("p", {}, this.page.refusals[code] ?? code),
      element("p", { class: "id long" }, [code, field, this.expected(expected)].filter(Boolean).join(" · ")),
      this.paragraph("verify.by_device"),
      this.paragraph(whose),
    ]);
  }

  failed(key) {
    return element("div", { class: "note wrong", role: "alert" }, this.paragraph(key));
  }

  /** What is proved, and `how`: `whose` trust file, and over how many `handovers` it was carried forward, or null. */
  proved(proven, how) {
    const told = [...this.about(proven), ...this.basis(proven, how), ...this.limits(proven)];
    return this.verdict("right", "verify.proved", told);
  }

  /** The same of the proof of a page, which has to be of the goods that the page shows, and of all that it shows of them. */
  compared(proven, { isOfThese, missing }, how) {
    const { object, shown } = this.page.about;
    const name = this.goods(object);
    const basis = this.basis(proven, how);
    if (!isOfThese) {
      const told = [this.paragraph("verify.other", { name }), ...this.about(proven)];
      return this.verdict("wrong", "verify.something_else", [...told, ...basis]);
    }
    if (missing.length) {
      const told = { name, count: shown.length, missing: missing.length };
      return this.verdict("wrong", "verify.not_all", [this.paragraph("verify.some_missing", told), ...basis]);
    }
    const told = [this.paragraph("verify.of_these", { name }), this.paragraph("verify.none_missing")];
    return this.verdict("right", "verify.proved", [...told, ...basis, ...this.limits(proven)]);
  }

  verdict(look, title, parts) {
    const role = look === "right" ? "status" : "alert";
    return element("div", { class: `note ${look}`, role }, element("h2", {}, this.text(title)), ...parts);
  }

  /** Which goods it is about; where it is about none, which records; nothing where it proves receipts alone. */
  about(proven) {
    const goods = goodsIn(proven).map((each) => this.goods(each));
    const things = goods.length ? goods : proven.records.map(({ path }) => [this.calledBy(path).join(" ").trim()]);
    if (!things.length) return [];
    const comma = this.text("value.comma");
    const listed = things.slice(0, LISTED).flatMap((each, at) => (at ? [comma, ...each] : each));
    const more = things.length - LISTED;
    if (more > 0) listed.push(` … ${this.text("value.more", { count: more })}`);
    return [this.paragraph("verify.about", { things: listed })];
  }

  /** What a record's table is called, and its key; nothing and its path where the page does not know the table. */
  calledBy(path) {
    const [table, { tables }] = [tableOf(path), this.page];
    return Object.hasOwn(tables, table) ? [tables[table], path.slice(table.length + 1)] : ["", path];
  }

  /** As of when and by whose word. */
  basis(proven, { whose, handovers }) {
    const { trust, height, time, signers, records } = proven;
    const asOf = this.text("verify.as_of", { ledger: trust.chain, height: height.toLocaleString("en") });
    const { tables } = this.page;
    const known = [...countsIn(proven)].filter(([table]) => Object.hasOwn(tables, table));
    const counts = known.map(([table, count]) => `${tables[table]} ${count}`).join(" · ");
    return [
      element("p", {}, `${asOf} `, this.time(time)),
      element("p", {}, `${this.text("verify.signed_by")} ${signers.join(", ")}`),
      element("p", {}, this.text("verify.records", { count: records.length }), counts && ` (${counts})`),
      this.paragraph("verify.by_device"),
      this.paragraph(whose),
      ...(handovers === null ? [] : [this.paragraph("verify.carried", { count: handovers })]),
    ];
  }

  /** What one still has to believe. */
  limits({ trust }) {
    const told = [];
    if (trust.engine === EMBEDDED && !trust.witnesses.length) told.push(this.paragraph("overview.trust_one"));
    if (trust.refreshBy < Date.now()) {
      const stamp = element("code", { class: "long" }, this.page.stamp);
      told.push(this.paragraph("verify.stale"), element("p", {}, `${this.text("verify.stamp")} `, stamp));
    }
    return [...told, this.paragraph("verify.claimed"), this.paragraph("verify.program")];
  }

  /** What the goods are called, in elements that are not broken between two lines unless they have to be. */
  goods(identifier) {
    const names = namesOf(identifier, (key, values) => this.text(key, values));
    const shown = (name) => element("strong", { class: name.length > NAME_LINE ? "long" : "name" }, name);
    return names.flatMap((name, at) => [...(at ? [" · "] : []), shown(name)]);
  }

  /** Each record, with its newest version; the first is open. */
  records({ records, receipts }) {
    const writers = new Map(receipts.map((receipt) => [receipt.transaction.join(), receipt]));
    const shown = records.slice(0, RECORDS_SHOWN).map((record, at) => this.record(record, writers, at === 0));
    const more = records.length - shown.length;
    return more ? [...shown, element("p", { class: "none" }, this.text("value.more", { count: more }))] : shown;
  }

  record({ path, versions, complete }, writers, isOpen) {
    const table = tableOf(path);
    const [word, key] = this.calledBy(path);
    const summary = element("summary", {}, `${word} `, element("span", { class: "id long" }, key));
    const card = element("details", { class: "card", ...(isOpen && { open: "" }) }, summary);
    if (!versions.length) {
      card.append(this.paragraph("verify.absent"));
      return card;
    }
    const history = this.text(complete ? "verify.complete" : "verify.incomplete");
    card.append(element("p", { class: "none" }, `${this.text("verify.versions", { count: versions.length })} ${history}`));
    const [{ transaction, named }] = versions;
    const receipt = writers.get(transaction.join());
    if (receipt) {
      const by = new Set(receipt.signers.map(({ organisation }) => organisation));
      card.append(element("p", {}, this.time(receipt.time), ` · ${[...by].join(this.text("value.comma"))}`));
    }
    card.append(named === null ? this.paragraph("record.deleted") : this.fields(named, table));
    return card;
  }

  /** Fields under the words of their `table`, if the page knows it; else, and in structures, under their names. */
  fields(named, table = "") {
    const words = this.page.fields[table] ?? {};
    const word = (name) => (Object.hasOwn(words, name) ? words[name] : name.replaceAll("_", " "));
    const isTime = (name) => this.page.times.includes(`${table}.${name}`);
    const shown = (name, value) => (isTime(name) ? this.time(value) : this.value(value));
    // A time of 0 stands for none.
    const given = Object.entries(named).filter(([name, value]) => !isEmpty(value) && !(value === 0 && isTime(name)));
    const pairs = given.map(([name, value]) =>
      element("div", {}, element("dt", {}, word(name)), element("dd", {}, shown(name, value))));
    return element("dl", { class: "inner" }, ...pairs);
  }

  value(value) {
    if (Array.isArray(value)) {
      return element("ul", { class: "values" }, ...value.map((each) => element("li", {}, this.value(each))));
    }
    if (value !== null && typeof value === "object") return this.fields(value);
    if (typeof value === "boolean") return this.text(value ? "value.yes" : "value.no");
    return element("span", { class: "long" }, String(value));
  }

  /** Such as 2026-04-08 10:30:05 +08:00, on the page's clock. */
  time(milliseconds) {
    const { offset } = this.page;
    const away = MINUTE_MS * (60 * Number(offset.slice(0, 3)) + Number(offset[0] + offset.slice(4)));
    const [utc, local] = [Number(milliseconds), Number(milliseconds) + away].map((each) => new Date(each));
    if (Number.isNaN(utc.getTime()) || Number.isNaN(local.getTime())) return String(milliseconds);
    const text = `${local.toISOString().slice(0, 19).replace("T", " ")} ${offset}`;
    return element("time", { datetime: utc.toISOString() }, text);
  }
}

const isEmpty = (value) => value === null || value === "" || (Array.isArray(value) && !value.length);
