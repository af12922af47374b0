// What a code says of a lot, its GTIN and its number, or of a logistic unit, its SSCC, however a scanner, a label or a
// person gives it; and masses in grams, exactly.
"use strict";

// Each has to be read to the lot's end: of a part of it another lot may be the number.
const CODES = [
  // A Digital Link, a path of one, or the ledger's own key.
  /(?:^|[/~])01[/~](\d{14})[/~]10[/~]([^/~?#\s]{1,60})(?=$|[/~?#])/,
  // What is printed below a bar code, and what a scanner reads in one: dates may stand between.
  /^\(01\)(\d{14})(?:\(1[1-7]\)\d{6})*\(10\)([^()]{1,20})(?=$|\(\d{2,4}\))/,
  /^\x1d?01(\d{14})(?:1[1-35-7]\d{6})*10([^\x1d]{1,20})(?=$|\x1d)/,
];

// Whether the last digit of a GTIN or an SSCC fits the others.
function isChecked(key) {
  const digits = Array.from(key, Number);
  const check = digits.pop();
  const sum = digits.reverse().reduce((total, digit, at) => total + digit * (at % 2 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10 === check;
}

const SSCC = /^(?:\(00\)|\x1d?00|(?:.*[/~])?00[/~])?(\d{18})(?=$|[/~?#\x1d(])/;

// The number of a pallet or another logistic unit; null where the code is none, or was misread.
function ssccIn(code) {
  const found = SSCC.exec(code.trim().replace(/^\](?:C1|d2|e0|J1|Q3)/, ""));
  return found !== null && isChecked(found[1]) ? found[1] : null;
}

// The GTIN and the lot's number; null where the code is none of a lot, or was misread.
function lotIn(code) {
  const text = code.trim().replace(/^\](?:C1|d2|e0|J1|Q3)/, "");
  for (const [at, form] of CODES.entries()) {
    const found = form.exec(text);
    if (found === null || !isChecked(found[1])) continue;
    try {
      return { gtin: found[1], lot: at === 0 ? decodeURIComponent(found[2]) : found[2] };
    } catch {
      return null; // a broken percent-encoding
    }
  }
  return null;
}

const PLACES = { TNE: 6, KGM: 3, GRM: 0 };

// The grams in a decimal amount of a unit, as digits; null where they are no whole number, or none at all.
function gramsOf(amount, unit) {
  const [whole, fraction = ""] = amount.split(".");
  const digits = fraction.replace(/0+$/, "");
  if (!(unit in PLACES) || digits.length > PLACES[unit]) return null;
  const grams = (whole + digits.padEnd(PLACES[unit], "0")).replace(/^0+/, "");
  return grams === "" ? null : grams;
}
