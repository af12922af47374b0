// Captures events on a phone, with or without a network: each is put in a queue in the browser, under an id of its own,
// and leaves the queue only when the node says that it has it. Sending one twice does nothing twice.
"use strict";

const form = document.getElementById("capture");
const list = document.getElementById("queue");
const state = document.getElementById("state");
const say = (key) => form.dataset[key] ?? key;
let sending = false;

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

const put = (item) => stored("readwrite", (events) => events.put(item));
const all = () => stored("readonly", (events) => events.getAll());
const mine = async () => (await all()).filter((item) => item.organisation === form.dataset.organisation);

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

// Amounts stay texts until they stand in the JSON, so that no digit is lost.
function eventOf(fields) {
  const at = fields.get("when") ? new Date(fields.get("when")) : new Date();
  const [step, action, disposition] = fields.get("what").split("|");
  const lot = fields.get("gtin") + "/10/" + encodeURIComponent(fields.get("lot").trim());
  const event = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    type: "ObjectEvent", eventID: freshId(), eventTime: at.toISOString(), eventTimeZoneOffset: offsetOf(at),
    action, bizStep: step, disposition,
    quantityList: [{ epcClass: "https://id.gs1.org/01/" + lot, quantity: 0 }],
    readPoint: { id: fields.get("place").trim() },
  };
  if (fields.get("unit")) event.quantityList[0].uom = fields.get("unit");
  const text = JSON.stringify(event).replace('"quantity":0', '"quantity":' + fields.get("amount"));
  return { id: event.eventID, text, at: event.eventTime, organisation: form.dataset.organisation,
    title: [fields.get("lot"), fields.get("amount"), fields.get("unit")].join(" "), state: "waiting", why: "" };
}

async function send() {
  if (sending) return;
  sending = true;
  try {
    for (const item of await mine()) {
      if (item.state !== "waiting") continue;
      let answer;
      try {
        answer = await fetch("/capture/events", {
          method: "POST", body: item.text, headers: { "Content-Type": "application/json" }, credentials: "same-origin",
        });
      } catch {
        break; // without a network, all wait
      }
      if (answer.status === 401 || answer.status === 429 || answer.status >= 500) {
        item.why = answer.status === 401 ? say("enter") : "";
        await put(item);
        break; // none is lost: it waits for the member to enter again, or for the node
      }
      const told = await answer.json();
      item.state = answer.ok ? told.result : "refused";
      item.why = answer.ok ? "" : told.sentence;
      await put(item);
    }
  } finally {
    sending = false;
    await show();
  }
}

async function show() {
  const items = (await mine()).sort((one, other) => (one.at < other.at ? 1 : -1));
  const waiting = items.filter((item) => item.state === "waiting").length;
  state.textContent = (navigator.onLine ? say("online") : say("offline")) + " · " + say("waitingCount").replace("{count}", waiting);
  list.replaceChildren(...items.slice(0, 50).map((item) => {
    const entry = document.createElement("li");
    const badge = document.createElement("span");
    badge.className = "badge " + ({ waiting: "claim", refused: "wrong" }[item.state] ?? "way");
    badge.textContent = say(item.state);
    entry.append(badge, " " + item.title + (item.why ? " · " + item.why : ""));
    entry.dataset.state = item.state;
    return entry;
  }));
}

form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  if (!form.reportValidity()) return;
  await put(eventOf(new FormData(form)));
  form.elements.amount.value = "";
  form.elements.when.value = "";
  await show();
  await send();
});
window.addEventListener("online", send);
window.addEventListener("offline", show);
setInterval(send, 60_000); // not every browser notices that the network is back
document.getElementById("send").addEventListener("click", send);
navigator.serviceWorker?.register("/capture/worker.js?v=" + form.dataset.version, { scope: "/capture" });
navigator.storage?.persist?.();
show().then(send);
