// Keeps the capture page and what it needs, so that it opens without a network. The newest page wins where there is one.
"use strict";

const KEPT = "capture-" + new URL(self.location).searchParams.get("v");
const PAGE = "/capture";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(begin()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === PAGE || url.pathname.startsWith("/portal/")) event.respondWith(answered(event.request, url));
});

async function begin() {
  for (const name of await caches.keys()) if (name.startsWith("capture-") && name !== KEPT) await caches.delete(name);
  await self.clients.claim();
  // What the page had loaded before there was a worker.
  const page = await fetch(PAGE, { credentials: "same-origin" });
  await keep(PAGE, page.clone());
  const found = (await page.text()).matchAll(/(?:href|src)="(\/portal\/[^"]+)"/g);
  await Promise.all(Array.from(found, async ([, path]) => keep(path, await fetch(path))));
}

async function answered(request, url) {
  try {
    const answer = await fetch(request);
    await keep(url.pathname, answer.clone());
    return answer;
  } catch (fault) {
    const kept = await (await caches.open(KEPT)).match(url.pathname, { ignoreVary: true });
    if (kept === undefined) throw fault;
    return kept;
  }
}

async function keep(path, answer) {
  // A page for nobody in particular must not push out the one of a member who only has to enter again.
  const usable = answer.ok && (path !== PAGE || answer.headers.get("X-Capture") === "member");
  if (usable) await (await caches.open(KEPT)).put(path, answer);
}
