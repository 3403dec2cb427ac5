import { DataError } from "@flowify/core";
import { namesArgument, quoted } from "../../ui/format.js";
import type { ColumnSchema, TableSchema } from "./schema.js";
import { expectEnough } from "./split-rows.js";

const plural = (names: readonly string[], one: string): string => (names.length === 1 ? one : `${one}s`);

/** Names that are listed at most. */
const LISTED = 20;

const some = (names: readonly string[]): string =>
  names.length > LISTED
    ? `${quoted(names.slice(0, LISTED))} and ${names.length - LISTED} more`
    : quoted(names);

/**
 * Compares the columns of a file with those of training: by their names, in whatever order.
 *
 * @returns what differs and does no harm, a line each
 * @throws DataError that names the columns which are missing
 */
export function checkColumns(path: string, found: readonly string[], { columns }: TableSchema): string[] {
  const used = columns.filter(({ use }) => use === "model").map(({ name }) => name);
  const missing = used.filter((name) => !found.includes(name));
  if (missing.length > 0)
    throw new DataError(
      `${path}: lacks the ${plural(missing, "column")} ${some(missing)}, expected ${some(used)}; found ${some(found)}\nadd or rename them, or train again without them by --drop`,
    );
  const fresh = found.filter((name) => !columns.some((column) => column.name === name));
  const order = found.filter((name) => used.includes(name));
  return [
    ...(fresh.length > 0
      ? [
          `${path}: the ${plural(fresh, "column")} ${some(fresh)} ${fresh.length === 1 ? "is" : "are"} new and ignored`,
        ]
      : []),
    ...(order.join("\0") === used.join("\0")
      ? []
      : [`${path}: the columns come in another order; they are matched by name`]),
  ];
}

/** Why columns were left out, a line. */
export function leftOut(columns: readonly ColumnSchema[]): string[] {
  const names = columns
    .filter(
      ({ use, type }) => use === "none" && (type === "constant" || type === "identifier" || type === "text"),
    )
    .map(({ name, type }) => `"${name}" (${type === "text" ? "free text" : type})`);
  return names.length > 0 ? [`columns left out: ${names.join(", ")}`] : [];
}

/**
 * @throws DataError for a table without rows, without a column to learn from, or with cells that do not fit their column
 */
export function expectUsable(path: string, { rows, columns }: TableSchema): void {
  if (rows === 0) throw new DataError(`${path}: a header and no rows, expected rows of values\nadd rows`);
  const damaged = columns.filter(({ use, problem }) => use === "model" && problem !== undefined);
  if (damaged.length > 0)
    throw new DataError(
      `${path}: ${damaged.map(({ name, problem }) => `column "${name}": ${problem}`).join("; ")}\ncorrect these cells, or leave the ${damaged.length === 1 ? "column" : "columns"} out by --drop ${namesArgument(damaged.map(({ name }) => name))}`,
    );
  if (columns.some(({ use }) => use === "model")) return;
  expectEnough(path, rows); // of a few rows, all values differ in columns of any kind
  throw new DataError(
    `${path}: no column is left to learn from: ${columns.map(({ name, type }) => `"${name}" (${type})`).join(", ")}\nexpected at least one column of numbers, dates or categories that varies`,
  );
}
