// Lets the reader's own device check evidence: a file that she chose, or, fetched as she taps, the proof of the page that she
// reads. The check itself asks nobody.

import { compared } from "./about.js";
import { textOf, toHex, utf8 } from "./bytes.js";
import { fetchedWay, NotFetched, Proof, wayFrom } from "./fetching.js";
import { EVIDENCE_BYTES } from "./file.js";
import { advance, WAY_BYTES } from "./handover.js";
import { forget, keep, kept } from "./kept.js";
import { NOTE_BYTES } from "./note.js";
import { Refused } from "./refusal.js";
import { Teller } from "./told.js";
import { EMBEDDED, encodeTrust, parseTrust, TRUST_BYTES } from "./trust.js";
import { verify } from "./verify.js";

const DAY_MS = 86_400_000;
const OWN = "verify.own_trust";
/** Under these a proof is refused that other attesters signed than those of the trust file. */
const OF_OTHERS = ["note.unknown_signature", "evidence.quorum"];

const form = document.getElementById("check");
const verdict = document.getElementById("verdict");
const page = JSON.parse(document.getElementById("verifier").textContent);
const teller = new Teller(page);
const proof = form.dataset.proof ? new Proof(form.dataset.proof, document.getElementById("proof")) : null;

/** A chosen file's bytes, and no more of a large one than it takes to refuse it. */
async function contentOf(file, most) {
  return new Uint8Array(await file.slice(0, most + 1).arrayBuffer());
}

const chosen = (name) => [...(form.elements[name]?.files ?? [])];

const notesIn = (name) => Promise.all(chosen(name).map((note) => contentOf(note, NOTE_BYTES)));

/** The trust file to check against, and the key of the sentence that says whose it is. */
async function trustFile() {
  const [file] = chosen("trust");
  if (file) return { content: await contentOf(file, TRUST_BYTES), whose: "verify.trust_chosen" };
  const text = kept(page.chain);
  if (text !== null) return { content: utf8(text), whose: "verify.trust_kept" };
  return { content: utf8(page.trust), whose: OWN };
}

function advanced(trust, way, witnessed = []) {
  const now = Date.now();
  return advance(trust, way, { now, refreshBy: now + page.refresh_days * DAY_MS, witnessed });
}

/** What a chosen file proves under the trust file, carried forward if a way forward was chosen too. */
async function provedByFiles(trust) {
  const [[evidence], [way]] = [chosen("evidence"), chosen("way")];
  const carried = way ? advanced(trust, await contentOf(way, WAY_BYTES), await notesIn("way_witnessed")) : null;
  const content = await contentOf(evidence, EVIDENCE_BYTES);
  return { proven: verify(content, carried?.trust ?? trust, await notesIn("witnessed")), carried };
}

/** What the page's proof proves; a trust file of the reader's own that does not know its signers may have to go forward. */
async function provedByPage(trust, whose) {
  const content = await proof.get();
  try {
    return { proven: verify(content, trust), carried: null };
  } catch (fault) {
    const mayGo = OF_OTHERS.includes(fault.code) && whose !== OWN && trust.engine !== EMBEDDED;
    const way = mayGo ? await fetchedWay(trust.pin.size) : null;
    if (!way) throw fault;
    const carried = advanced(trust, way);
    return { proven: verify(content, carried.trust), carried };
  }
}

/** Keeps the trust file if the reader wants that, as it was carried forward. */
function remember({ content, whose }, trust, carried) {
  const wanted = whose === "verify.trust_chosen" ? form.elements.keep.checked : whose === "verify.trust_kept" && carried;
  if (!wanted) return;
  keep(toHex(trust.genesis), carried ? encodeTrust(carried.trust) : textOf(content));
  showKept();
}

async function told() {
  const file = await trustFile();
  try {
    const trust = parseTrust(file.content);
    const { proven, carried } = await (proof ? provedByPage(trust, file.whose) : provedByFiles(trust));
    remember(file, trust, carried);
    const how = { whose: file.whose, handovers: carried?.handovers ?? null };
    if (proof) return [teller.compared(proven, compared(proven, page.about), how)];
    return [teller.proved(proven, how), ...teller.records(proven)];
  } catch (fault) {
    if (fault instanceof Refused) return [teller.refused(fault, file.whose)];
    return [teller.failed(fault instanceof NotFetched ? "verify.no_proof" : "verify.failed")];
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  verdict.replaceChildren(teller.text("verify.checking"));
  // The word is shown before the work, which keeps the page still for a moment.
  await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  verdict.replaceChildren(...(await told()));
  verdict.scrollIntoView({ block: "nearest" });
});

function showKept() {
  document.getElementById("kept").hidden = kept(page.chain) === null;
}

/** Says where to get the way forward of the reader's own trust file: it begins at its pin. */
async function showWay() {
  const link = document.getElementById("way-from");
  if (!link) return;
  const { content, whose } = await trustFile();
  let trust = null;
  try {
    trust = parseTrust(content);
  } catch {
    // What is wrong with it is said when it is used.
  }
  link.hidden = whose === OWN || !trust || trust.engine === EMBEDDED;
  if (!link.hidden) link.href = wayFrom(trust.pin.size);
}

document.getElementById("forget").addEventListener("click", () => {
  forget(page.chain);
  showKept();
  showWay();
});
document.getElementById("trust").addEventListener("change", showWay);

// From here on it is this device that checks, and the page says so.
for (const part of document.querySelectorAll("[data-device]")) part.textContent = part.dataset.device;
for (const part of document.querySelectorAll(".device")) part.hidden = false;
showKept();
showWay();
form.dataset.ready = "";
