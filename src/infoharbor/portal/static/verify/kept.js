// The trust file of a ledger that the reader keeps in this browser; where the browser keeps nothing, there is none.

const nameOf = (chain) => `trust/${chain}`;

function tried(work) {
  try {
    return work();
  } catch {
    return null; // a browser may refuse to keep anything
  }
}

/** The trust file's text, or null; `chain` is the ledger's id in hex. */
export const kept = (chain) => tried(() => localStorage.getItem(nameOf(chain)));

export const keep = (chain, text) => tried(() => localStorage.setItem(nameOf(chain), text));

export const forget = (chain) => tried(() => localStorage.removeItem(nameOf(chain)));
