// Captures events and deeds on a phone, with or without a network: each is put in a queue in the browser, under an id of
// its own, and leaves the queue only when the node says that it has it. Sending one twice does nothing twice.
"use strict";

const form = document.getElementById("capture");
const list = document.getElementById("queue");
const state = document.getElementById("state");
const field = (name) => form.elements[name];
const say = (key) => form.dataset[key] ?? key;
let sending = false;
let wanted = false;

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("infoharbor-capture", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("events", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function stored(mode, work) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const change = database.transaction("events", mode);
      const request = work(change.objectStore("events"));
      change.oncomplete = () => resolve(request.result);
      change.onabort = change.onerror = () => reject(change.error);
    });
  } finally {
    database.close();
  }
}

const put = (item) => stored("readwrite", (items) => items.put(item));
const drop = (item) => stored("readwrite", (items) => items.delete(item.id));
const all = () => stored("readonly", (items) => items.getAll());
const mine = async () => (await all()).filter((item) => item.organisation === form.dataset.organisation);
const before = (one, other) => (one.kept ?? 0) - (other.kept ?? 0);

function offsetOf(date) {
  const minutes = -date.getTimezoneOffset();
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  return (minutes < 0 ? "-" : "+") + two(Math.abs(minutes) / 60) + ":" + two(Math.abs(minutes) % 60);
}

function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return "urn:uuid:" + hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// Paper has room for a number that a person can read out: the day, and enough chance that no two phones give the same.
function freshNumber(kept) {
  const at = new Date(kept);
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((each) => String(each).padStart(2, "0"));
  return day.join("") + "-" + freshId().slice(-10).toUpperCase();
}

const linkOf = (fields) =>
  "https://id.gs1.org/01/" + fields.get("gtin") + "/10/" + encodeURIComponent(fields.get("lot").trim());

const unitOf = (code) => "https://id.gs1.org/00/" + ssccIn(code);
const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

// What an event is about: so much of a lot, a pallet itself, or what is packed on it; of all that is on it, nothing is said.
function aboutOf(fields, about) {
  if (about === "itself") return { type: "ObjectEvent", epcList: [unitOf(fields.get("pallet"))] };
  const some = [{ epcClass: fields.has("lot") ? linkOf(fields) : "", quantity: 0 }];
  if (fields.get("unit")) some[0].uom = fields.get("unit");
  if (!about) return { type: "ObjectEvent", quantityList: some };
  const packed = {
    packs: () => ({ childQuantityList: some }),
    cases: () => ({ childEPCs: linesOf(fields.get("cases")).map(unitOf) }),
    all: () => ({ childEPCs: [] }),
  };
  return { type: "AggregationEvent", parentID: unitOf(fields.get("pallet")), ...packed[about]() };
}

// Amounts stay texts until they stand in the JSON, so that no digit is lost.
function eventOf(fields) {
  const at = fields.get("when") ? new Date(fields.get("when")) : new Date();
  const [step, action, disposition, about] = fields.get("what").split("|");
  const moisture = fields.get("moisture");
  const event = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    eventID: freshId(), eventTime: at.toISOString(), eventTimeZoneOffset: offsetOf(at),
    action, bizStep: step, ...(disposition && { disposition }), ...aboutOf(fields, about),
    readPoint: { id: fields.get("place").trim() },
  };
  if (moisture) {
    const { water, perCent } = form.dataset;
    event.sensorElementList = [
      { sensorReport: [{ type: "Dimensionless", chemicalSubstance: water, value: 0, uom: perCent }] },
    ];
  }
  const text = JSON.stringify(event)
    .replace('"quantity":0', '"quantity":' + fields.get("amount")).replace('"value":0', '"value":' + moisture);
  return { id: event.eventID, to: "/capture/events", text, at: event.eventTime };
}

const DEEDS = {
  pledge: (fields, number) => ["IssuePledge", {
    number, lot: linkOf(fields), recipient: fields.get("recipient").trim(),
    grams: gramsOf(fields.get("amount"), fields.get("unit")), basis: fields.get("basis"),
  }],
  collect: (fields) => ["CollectPledge", { pledge: fields.get("pledge").trim() }],
  hold: (fields, number) => ["OpenCause", {
    number, lot: linkOf(fields), kind: "hold", reason: fields.get("reason"), document: null,
  }],
};

function deedOf([action, given], kept) {
  return { id: freshId(), to: "/capture/deeds", text: JSON.stringify({ action, arguments: given }),
    at: new Date(kept).toISOString() };
}

// What the form says: an event or a deed, and for a harvest from a plot the lot that follows from its event.
function itemsOf(fields, kept) {
  if (fields.get("what") in DEEDS) return [deedOf(DEEDS[fields.get("what")](fields, freshNumber(kept)), kept)];
  const event = eventOf(fields);
  if (!fields.get("plot")) return [event];
  const [indication, season] = fields.get("season") ? fields.get("season").split("|") : [null, null];
  const derived = deedOf(["DeriveLots", { event: event.id, plots: [fields.get("plot")], indication, season }], kept);
  return [event, { ...derived, what: say("derived") }];
}

function titleOf(fields, done) {
  const word = (name) => (fields.has(name) && field(name).selectedOptions?.[0].text) || fields.get(name);
  const told = fields.get("what") in DEEDS || fields.get("plot") || fields.get("pallet");
  const what = done ? [done] : told ? [word("what")] : [];
  const cases = fields.has("cases") ? ["× " + linesOf(fields.get("cases")).length] : [];
  const amount = fields.has("amount") ? [fields.get("amount") + " " + word("unit")] : [];
  return [...what, fields.get("pledge"), fields.get("pallet"), ...cases, fields.get("lot"), ...amount, word("recipient")].filter(Boolean).join(" · ");
}

async function send() {
  wanted = true;
  if (sending) return; // whoever is at it goes on with what has come
  sending = true;
  try {
    while (wanted) {
      wanted = false;
      await sendAll();
    }
  } finally {
    sending = false;
    await show();
  }
}

async function sendAll() {
  for (const item of (await mine()).sort(before)) {
    if (item.state !== "waiting") continue;
    let answer;
    try {
      answer = await fetch(item.to ?? "/capture/events", {
        method: "POST", body: item.text, headers: { "Content-Type": "application/json" }, credentials: "same-origin",
      });
    } catch {
      return; // without a network, all wait
    }
    if (answer.status === 401 || answer.status === 429 || answer.status >= 500) {
      await put({ ...item, why: answer.status === 401 ? say("enter") : "" });
      return; // none is lost: it waits for the member to enter again, or for the node
    }
    const told = await answer.json();
    await put({ ...item, state: answer.ok ? told.result : "refused", why: answer.ok ? "" : told.sentence });
  }
}

function button(word, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "quiet";
  made.textContent = word;
  made.addEventListener("click", act);
  return made;
}

function entryOf(item) {
  const entry = document.createElement("li");
  const badge = document.createElement("span");
  badge.className = "badge " + ({ waiting: "claim", refused: "wrong" }[item.state] ?? "way");
  badge.textContent = say(item.state);
  entry.append(badge, " " + item.title + (item.why ? " · " + item.why : ""));
  entry.dataset.state = item.state;
  if (item.state === "refused") {
    const again = button(say("again"), () => put({ ...item, state: "waiting", why: "" }).then(send));
    entry.append(" ", again, " ", button(say("drop"), () => drop(item).then(show)));
  }
  return entry;
}

async function show() {
  const items = (await mine()).sort((one, other) => before(other, one) || (one.at < other.at ? 1 : -1));
  const waiting = items.filter((item) => item.state === "waiting").length;
  state.textContent = (navigator.onLine ? say("online") : say("offline")) + " · " + say("waitingCount").replace("{count}", waiting);
  list.replaceChildren(...items.slice(0, 50).map(entryOf));
}

// Only the fields of what is chosen are shown, asked for and sent.
function choose() {
  const shows = field("what").selectedOptions[0].dataset.shows.split(" ");
  for (const part of form.querySelectorAll("[data-shown]")) {
    part.hidden = !part.dataset.shown.split(" ").some((each) => shows.includes(each));
    for (const each of part.querySelectorAll("input, select, textarea")) each.disabled = part.hidden;
  }
}

// A code fills in the product and the lot; a product of somebody else's is offered from then on.
function fill() {
  const code = field("code").value;
  const found = lotIn(code);
  field("code").setCustomValidity(code && found === null ? say("codeWrong") : "");
  if (found === null) return;
  const gtin = field("gtin");
  if (gtin.options && !Array.from(gtin.options).some((each) => each.value === found.gtin)) {
    gtin.add(new Option(found.gtin, found.gtin));
  }
  gtin.value = found.gtin;
  field("lot").value = found.lot;
}

function judgeUnits() {
  for (const name of ["pallet", "cases"]) {
    const wrong = linesOf(field(name).value).some((code) => ssccIn(code) === null);
    field(name).setCustomValidity(wrong ? say("ssccWrong") : "");
  }
}

const detected = async (photo) => new BarcodeDetector().detect(await createImageBitmap(photo));

// What a photograph shows goes to the field that it was taken for; to the cases, one a line.
let scans = "code";

async function read(photo) {
  if (photo === undefined) return;
  const found = (await detected(photo).catch(() => [])).map((each) => each.rawValue); // or no picture that can be read
  const code = found.find(scans === "code" ? lotIn : ssccIn) ?? found[0] ?? "?";
  field(scans).value = [...(scans === "cases" ? linesOf(field(scans).value) : []), code].join("\n");
  fill();
  judgeUnits();
  field(scans).reportValidity();
  field("photo").value = ""; // the same file may be chosen again
}

function judgeMass() {
  const wrong = field("what").value === "pledge" && gramsOf(field("amount").value, field("unit").value) === null;
  field("amount").setCustomValidity(wrong ? say("gramsWrong") : "");
}

form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const fields = new FormData(form);
  const kept = Date.now();
  for (const [at, item] of itemsOf(fields, kept).entries()) {
    const about = { kept: kept + at, organisation: form.dataset.organisation, title: titleOf(fields, item.what) };
    await put({ ...item, ...about, state: "waiting", why: "" });
  }
  for (const name of ["amount", "moisture", "when", "code", "pledge", "cases"]) field(name).value = "";
  await show();
  await send();
});
field("what").addEventListener("change", choose);
field("code").addEventListener("input", fill);
for (const name of ["pallet", "cases"]) field(name).addEventListener("input", judgeUnits);
for (const name of ["what", "amount", "unit"]) field(name).addEventListener("change", judgeMass);
if ("BarcodeDetector" in window) {
  for (const button of form.querySelectorAll("[data-scans]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      scans = button.dataset.scans;
      field("photo").click();
    });
  }
  field("photo").addEventListener("change", () => read(field("photo").files[0]));
}
window.addEventListener("online", send);
window.addEventListener("offline", show);
setInterval(send, 60_000); // not every browser notices that the network is back
document.getElementById("send").addEventListener("click", send);
navigator.serviceWorker?.register("/capture/worker.js?v=" + form.dataset.version, { scope: "/capture" });
navigator.storage?.persist?.();
choose();
show().then(send);
