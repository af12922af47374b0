// Lets the reader's own device check evidence: a file that she chose, or the proof of the page that she reads. What it needs
// is loaded with the page, or as soon as the form comes into sight; the check itself asks nobody.

import { textOf, toHex, utf8 } from "./bytes.js";
import { EVIDENCE_BYTES } from "./file.js";
import { forget, keep, kept } from "./kept.js";
import { NOTE_BYTES } from "./note.js";
import { Refused } from "./refusal.js";
import { Teller } from "./told.js";
import { TRUST_BYTES } from "./trust.js";
import { verify } from "./verify.js";

const form = document.getElementById("check");
const verdict = document.getElementById("verdict");
const page = JSON.parse(document.getElementById("verifier").textContent);
const teller = new Teller(page);
let loading = null;

class NotFetched extends Error {}

/** The proof of the page: fetched once, and again only if that failed. */
function proof() {
  loading ??= fetched(form.dataset.proof).catch(() => {
    loading = null;
    throw new NotFetched();
  });
  return loading;
}

async function fetched(address) {
  const answer = await fetch(address, { credentials: "omit" });
  if (!answer.ok) throw new NotFetched();
  const content = new Uint8Array(await answer.arrayBuffer());
  form.dataset.loaded = "";
  return content;
}

/** A chosen file's bytes, and no more of a large one than it takes to refuse it. */
async function contentOf(file, most) {
  return new Uint8Array(await file.slice(0, most + 1).arrayBuffer());
}

const chosen = (name) => [...(form.elements[name]?.files ?? [])];

/** The trust file to check against, and the key of the sentence that says whose it is. */
async function trust() {
  const [file] = chosen("trust");
  if (file) return { content: await contentOf(file, TRUST_BYTES), whose: "verify.trust_chosen" };
  const text = kept(page.chain);
  if (text !== null) return { content: utf8(text), whose: "verify.trust_kept" };
  return { content: utf8(page.trust), whose: "verify.own_trust" };
}

function showKept() {
  document.getElementById("kept").hidden = kept(page.chain) === null;
}

/** Checks, and keeps the trust file if the reader wants that and something was proved under it. */
async function checked({ content, whose }) {
  const [file] = chosen("evidence");
  const evidence = form.dataset.proof ? await proof() : await contentOf(file, EVIDENCE_BYTES);
  const witnessed = await Promise.all(chosen("witnessed").map((note) => contentOf(note, NOTE_BYTES)));
  const proven = verify(evidence, content, witnessed);
  if (whose === "verify.trust_chosen" && form.elements.keep.checked) {
    keep(toHex(proven.trust.genesis), textOf(content));
    showKept();
  }
  return [teller.proved(proven, whose), ...(form.dataset.proof ? [] : teller.records(proven))];
}

async function told() {
  const against = await trust();
  try {
    return await checked(against);
  } catch (fault) {
    if (fault instanceof Refused) return [teller.refused(fault, against.whose)];
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

document.getElementById("forget").addEventListener("click", () => {
  forget(page.chain);
  showKept();
});

// From here on it is this device that checks, and the page says so.
for (const part of document.querySelectorAll("[data-device]")) part.textContent = part.dataset.device;
for (const part of document.querySelectorAll(".device")) part.hidden = false;
showKept();
form.dataset.ready = "";
if (form.dataset.proof) {
  const watching = new IntersectionObserver((seen) => {
    if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
    watching.disconnect();
    proof().catch(() => {}); // said when it is asked for
  });
  watching.observe(form);
}
