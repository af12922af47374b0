// What the page of goods asks its own node for, once the reader taps: the proof, and the way forward of an older trust file.

import { WAY_BYTES } from "./handover.js";

export class NotFetched extends Error {}

async function fetched(address) {
  const answer = await fetch(address, { credentials: "omit" }).catch(() => null);
  if (!answer?.ok) throw new NotFetched();
  return new Uint8Array(await answer.arrayBuffer());
}

/** A proof that is fetched once, and again only if that failed; from then on the link `saving` gives away the same bytes. */
export class Proof {
  #loading = null;

  constructor(address, saving) {
    Object.assign(this, { address, saving });
  }

  get() {
    this.#loading ??= this.#fetched().catch((fault) => {
      this.#loading = null;
      throw fault;
    });
    return this.#loading;
  }

  async #fetched() {
    const content = await fetched(this.address);
    this.saving.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
    return content;
  }
}

export const wayFrom = (size) => `/log/way-forward?size=${size}`;

/** What carries a trust file forward that is pinned at `size`, or null where this node has nothing of the kind. */
export async function fetchedWay(size) {
  const way = await fetched(wayFrom(size)).catch(() => null);
  return way && way.length <= WAY_BYTES ? way : null;
}
