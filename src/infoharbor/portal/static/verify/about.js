// What evidence is about: which goods, and how many records of which table; and whether that is what a page shows.

const OBJECTS = "trace/objects/";
const KEYS = new Map([["01", "GTIN"], ["00", "SSCC"]]);
const WORDS = [["21", "object.serial"], ["10", "object.lot"]];

const isThere = ({ versions }) => versions.length > 0 && versions[0].named !== null;

const pathsOf = ({ records }) => records.filter(isThere).map(({ path }) => path);

/** CONTRACT/TABLE of a record's path. */
export const tableOf = (path) => path.split("/", 2).join("/");

/** The lots, pieces and units that it proves the state of, by their identifiers. */
export const goodsIn = (proven) =>
  pathsOf(proven).filter((path) => path.startsWith(OBJECTS)).map((path) => path.slice(OBJECTS.length));

/** How many records there are of each table. */
export function countsIn({ records }) {
  const counts = new Map();
  for (const table of records.map(({ path }) => tableOf(path))) counts.set(table, (counts.get(table) ?? 0) + 1);
  return counts;
}

/**
 * Of a page of the goods `object` that shows the records at the paths `shown`: whether it is these goods that the evidence is
 * of, and which of the paths it does not prove. A proof of a pallet also tells of what it holds, and is none of that: so where
 * the state of any goods is proved, it has to be theirs. Where nobody may read that state, what events say of them is enough.
 */
export function compared(proven, { object, shown }) {
  const [goods, paths] = [goodsIn(proven), pathsOf(proven)];
  const spokenOf = paths.some((path) => path.startsWith(`trace/mentions/${object}/`));
  const proved = new Set(paths);
  return {
    isOfThese: goods.length ? goods.includes(object) : spokenOf,
    missing: shown.filter((path) => !proved.has(path)),
  };
}

/** What a person reads on the goods themselves, such as Lot LB250418-B and GTIN 09521002002027; `text` gives the words. */
export function namesOf(identifier, text) {
  const parts = identifier.split("~").map(decoded);
  if (parts.length % 2 || !/^[0-9]+$/u.test(parts[0])) return [identifier];
  const pairs = new Map(parts.flatMap((key, at) => (at % 2 ? [] : [[key, parts[at + 1]]])));
  const [[key, value]] = pairs;
  const words = WORDS.filter(([qualifier]) => pairs.has(qualifier));
  const named = words.map(([qualifier, word]) => text(word, { number: pairs.get(qualifier) }));
  return [...named, `${KEYS.get(key) ?? `(${key})`} ${value}`];
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
