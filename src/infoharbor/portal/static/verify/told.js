// What a check found, as a person reads it. Texts are the page's; nothing from a file becomes anything but text.

import { EMBEDDED } from "./trust.js";

const RECORDS_SHOWN = 100;
const MINUTE_MS = 60_000;

/** An element with attributes and children; texts become text nodes. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export class Teller {
  /** `page` is what the page gives along: `texts`, `refusals`, words of `fields`, which are `times`, and their `offset`. */
  constructor(page) {
    this.page = page;
  }

  text(key, values = {}) {
    return this.page.texts[key].replace(/\{(\w+)\}/gu, (_, name) => values[name]);
  }

  paragraph(key, values) {
    return element("p", {}, this.text(key, values));
  }

  /** `whose` is the key of the sentence that says whose trust file it was. */
  refused({ code, field, expected }, whose) {
    return element("div", { class: "note wrong", role: "alert" },
      element("h2", {}, this.text("verify.not_proved")),
      element("p", {}, this.page.refusals[code] ?? code),
      element("p", { class: "id long" }, [code, field, expected].filter(Boolean).join(" · ")),
      this.paragraph("verify.by_device"),
      this.paragraph(whose));
  }

  failed(key) {
    return element("div", { class: "note wrong", role: "alert" }, this.paragraph(key));
  }

  proved(proven, whose) {
    const { trust, height, time, signers } = proven;
    const asOf = this.text("verify.as_of", { ledger: trust.chain, height: height.toLocaleString("en") });
    const alone = trust.engine === EMBEDDED && !trust.witnesses.length;
    return element("div", { class: "note right", role: "status" },
      element("h2", {}, this.text("verify.proved")),
      element("p", {}, `${asOf} `, this.time(time)),
      element("p", {}, `${this.text("verify.signed_by")} ${signers.join(", ")}`),
      this.paragraph("verify.records", { count: proven.records.length }),
      this.paragraph("verify.by_device"),
      this.paragraph(whose),
      alone ? this.paragraph("overview.trust_one") : null,
      trust.refreshBy < Date.now() ? this.paragraph("verify.stale") : null,
      this.paragraph("verify.claimed"),
      this.paragraph("verify.program"));
  }

  /** Each record, with its newest version; the first is open. */
  records({ records, receipts }) {
    const writers = new Map(receipts.map((receipt) => [receipt.transaction.join(), receipt]));
    const shown = records.slice(0, RECORDS_SHOWN).map((record, at) => this.record(record, writers, at === 0));
    const more = records.length - shown.length;
    return more ? [...shown, element("p", { class: "none" }, this.text("value.more", { count: more }))] : shown;
  }

  record({ path, versions, complete }, writers, isOpen) {
    const summary = element("summary", {}, element("span", { class: "id long" }, path));
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
    const table = path.split("/", 2).join("/");
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
