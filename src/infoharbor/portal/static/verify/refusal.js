// Why a file is refused: a stable code, the field that fails, and what would be right; the same as `infoharbor verify` says.

export class Refused extends Error {
  constructor(code, field, expected = "") {
    super(`${code} (${field})${expected && ": " + expected}`);
    Object.assign(this, { code, field, expected });
  }
}

export function ensure(holds, code, field, expected) {
  if (!holds) throw new Refused(code, field, expected);
}
