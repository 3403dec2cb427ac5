import { DataError, UsageError } from "@flowify/core";
import { leftOut } from "../data/table/check-columns.js";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { countOf, unknownName } from "../ui/format.js";
import type { ValueKind } from "./network.js";

/** Which columns of a table are predicted, and from which others. */
export type Prediction = Readonly<{
  /** The columns of the table: those that are given or predicted have the use "model". */
  schema: TableSchema;
  predict: readonly string[];
  given: readonly string[];
}>;

const quoted = (name: string): string => JSON.stringify(name);

/** @throws UsageError for columns that the table does not have, that are named twice, or that say nothing */
export function expectNames(
  path: string,
  found: TableSchema,
  predict: readonly string[],
  named: readonly string[] | undefined,
): void {
  const all = found.columns.map(({ name }) => name);
  for (const [flag, columns] of [
    ["--predict", predict],
    ["--given", named ?? []],
  ] as const)
    for (const [i, name] of columns.entries()) {
      if (!all.includes(name)) throw new UsageError(`${flag}: ${path}: ${unknownName("column", name, all)}`);
      if (columns.indexOf(name) < i)
        throw new UsageError(`${flag} names ${quoted(name)} twice\nname it once`);
    }
  const both = named?.find((name) => predict.includes(name));
  if (both !== undefined)
    throw new UsageError(
      `${quoted(both)} is predicted and given: a column that is known needs no prediction\nleave it out of --predict or of --given`,
    );
  for (const name of predict) expectVaries("--predict", columnNamed(found, name));
  for (const name of named ?? []) expectVaries("--given", columnNamed(found, name));
}

/**
 * The columns that are predicted and those that they are predicted from: by default all others that a model can learn from.
 *
 * @throws UsageError for columns that the table does not have, that are named twice, or that say nothing; DataError where no
 * column is left to predict from
 */
export function predictionOf(
  path: string,
  found: TableSchema,
  predict: readonly string[],
  named: readonly string[] | undefined,
): Prediction {
  expectNames(path, found, predict, named);
  const given =
    named ??
    found.columns
      .filter(({ name, use }) => use === "model" && !predict.includes(name))
      .map(({ name }) => name);
  if (given.length === 0)
    throw new DataError(
      `${[`${path}: no column is left to predict ${predict.map(quoted).join(", ")} from`, ...leftOut(found.columns)].join("; ")}\nexpected at least one other column of numbers, dates or categories that varies`,
    );
  const columns = found.columns.map((column): ColumnSchema => {
    if (predict.includes(column.name)) return { ...withNames(column), use: "model" };
    const use = given.includes(column.name) ? "model" : column.use === "id" ? "id" : "none";
    return { ...column, use };
  });
  return { schema: { ...found, columns }, predict, given };
}

/** A predicted column without the missing name: rows that lack a value to predict are left out, and none is predicted to lack it. */
const withNames = ({ values, ...column }: ColumnSchema): ColumnSchema => ({
  ...column,
  ...(values && { values: values.filter((value) => value !== null) }),
});

/** Which columns are predicted, and from which others, in words. */
export const fromWhat = ({ predict, given, schema: { order } }: Prediction): string =>
  `${predict.join(", ")} from ${
    order
      ? [
          `the last ${order.lags === 1 ? "row" : countOf(order.lags, "row")}${order.series ? ` of each ${order.series.columns.join(", ")}` : ""}`,
          ...(order.periods.length > 0 ? ["the calendar"] : []),
        ].join(" and ")
      : given.join(", ")
  }`;

export const columnNamed = ({ columns }: Pick<TableSchema, "columns">, name: string): ColumnSchema =>
  columns.find((column) => column.name === name) as ColumnSchema;

function expectVaries(flag: string, column: ColumnSchema): void {
  const { name, range } = column;
  const isOneName = flag === "--predict" && withNames(column).values?.length === 1;
  const type = isOneName ? "constant" : column.type;
  const why = {
    constant: "is constant",
    text: "holds free text",
    identifier: range ? undefined : "has another value in each row",
  }[type as string];
  if (why === undefined) return;
  throw new UsageError(
    flag === "--given"
      ? `--given: column ${quoted(name)} ${why}: it says nothing about others\nleave it out`
      : `--predict: column ${quoted(name)} ${why}: there is nothing to predict\nname another column`,
  );
}

/**
 * What the values of a column are, in the numbers of an encoded row, and its atoms: values of a continuous column that many rows
 * share. They have probabilities, the others a density.
 */
export function kindOf(column: ColumnSchema): Readonly<{ kind: ValueKind; atoms: readonly number[] }> {
  const { range, values = [], type, gap = 0, uneven, atoms = [], origin = 0 } = column;
  if (!range) return { kind: { classes: Math.max(values.length, 2) }, atoms: [] };
  const isGrid = gap > 0 && !uneven;
  if (type === "integer") return { kind: { step: isGrid ? gap : 1 }, atoms: [] };
  if (isGrid && type === "date") return { kind: { step: gap }, atoms: [] };
  return { kind: {}, atoms: atoms.map((value) => Math.fround(value - origin)) };
}

/** Encoded zero of a column of numbers without a value below it. */
export const zeroOf = ({ type, range, origin = 0 }: ColumnSchema): number | undefined =>
  range && range.least >= 0 && type !== "date" ? Math.fround(-origin) : undefined;
