import { DataError } from "@flowify/core";

export type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** An object with the keys of objects in it, as `properties.size`. */
export function flat(object: JsonObject, prefix = ""): JsonObject {
  if (prefix === "" && !Object.values(object).some(isObject)) return object;
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) =>
      isObject(value) ? Object.entries(flat(value, `${prefix}${key}.`)) : [[`${prefix}${key}`, value]],
    ),
  );
}

/** A row; the only array of rows; columns as lists, or as `DataFrame.to_json` of pandas writes them. */
const forms: readonly ((document: JsonObject) => readonly unknown[] | undefined)[] = [
  (document) =>
    Object.values(document).some((value) => Array.isArray(value) || isObject(value)) ? undefined : [document],
  (document) => {
    const [rows, ...others] = Object.values(document).filter(
      (value): value is unknown[] => Array.isArray(value) && value.length > 0 && value.every(isObject),
    );
    return others.length === 0 ? rows : undefined;
  },
  (document) =>
    rowsOfColumns(document, Array.isArray, (column) => Array.from(column as unknown[], (_, i) => String(i))),
  (document) => rowsOfColumns(document, isObject, (column) => Object.keys(column as JsonObject)),
];

/** Columns that all have the same places, as rows. */
function rowsOfColumns(
  document: JsonObject,
  isColumn: (value: unknown) => boolean,
  placesOf: (column: unknown) => string[],
): JsonObject[] | undefined {
  const columns = Object.entries(document);
  if (columns.length < 2 || !columns.every(([, column]) => isColumn(column))) return undefined;
  const [first = [], ...others] = columns.map(([, column]) => placesOf(column));
  if (first.length < 2 || others.some((places) => places.join("\n") !== first.join("\n"))) return undefined;
  return first.map((place) =>
    Object.fromEntries(columns.map(([name, column]) => [name, (column as JsonObject)[place]])),
  );
}

/**
 * The rows of a document that is one object: itself, the only array of objects in it, or those of columns of equally many values.
 *
 * @throws DataError for another object
 */
export function rowsOfDocument(path: string, document: JsonObject): readonly unknown[] {
  for (const form of forms) {
    const rows = form(document);
    if (rows) return rows;
  }
  throw new DataError(
    `${path}: one object with ${Object.keys(document).length} keys, expected an array of objects such as [{"size": 3}], or an object a line\nwrite an array with an object for each row`,
  );
}
