import { UsageError } from "@flowify/core";
import { cellReader, cellText, dateText } from "../data/table/cell.js";
import { gridOf, nextOnGrid } from "../data/table/grid.js";
import type { TableSchema } from "../data/table/schema.js";
import { plainCell } from "../data/table/written-as.js";
import { valueAt } from "../places.js";
import { type TableColumn, tableColumns } from "../tables/columns/kinds.js";
import { apart, codeAt, lowestAt, placeIn } from "../tables/flow-rows.js";
import { unknownName } from "../ui/format.js";

/** What a column is to hold. */
export type GivenValue = Readonly<{ slot: TableColumn }> &
  (
    | Readonly<{ kind: "code"; code: number }>
    | Readonly<{ kind: "number"; number: number; width: number }>
    | Readonly<{ kind: "instead"; code: number }>
  );

/** Proposals count where they lie within this part of a standard deviation of a number, and among this share of the nearest. */
const WIDTH = 0.5;
const NEAREST = 0.2;

/** Values of a category that a message lists. */
const SHOWN = 8;

/**
 * Reads `column=value` for columns of the table; an empty value is a missing one.
 *
 * @throws UsageError for text without `=`, a column that the flow does not have or that comes twice, and a value that it cannot hold
 */
export function givenValues(schema: TableSchema, texts: readonly string[]): GivenValue[] {
  const slots = tableColumns(schema);
  const names = slots.map(({ name }) => name);
  const taken = new Set<string>();
  return texts.map((text) => {
    // a name may hold = itself: the longest one that the table has
    const named = names.filter((name) => text.startsWith(`${name}=`)).sort((a, b) => b.length - a.length)[0];
    if (named === undefined) {
      const equals = text.indexOf("=");
      throw new UsageError(
        equals < 0
          ? `--given ${text}: expected column=value\nwrite --given ${text}=VALUE`
          : `--given: ${unknownName("column", text.slice(0, equals), names)}`,
      );
    }
    if (taken.has(named)) throw new UsageError(`--given: column "${named}" comes twice\ngive it one value`);
    taken.add(named);
    return givenValue(valueAt(slots, names.indexOf(named)), text.slice(named.length + 1));
  });
}

function givenValue(slot: TableColumn, text: string): GivenValue {
  const { found, instead } = slot;
  const { name, values = [], range, type, origin = 0, gap = 0 } = found;
  const reader = cellReader();
  const kind = reader.read(plainCell(text.trim(), found));
  if (range === undefined) {
    const code = values.indexOf(kind === "missing" ? null : cellText(text));
    if (code >= 0) return { slot, kind: "code", code };
    const shown = values.slice(0, SHOWN).map((value) => (value === null ? "a missing value" : value));
    throw new UsageError(
      `--given ${name}=${text}: no training row has this value\nchoose one of ${shown.join(", ")}${values.length > SHOWN ? ", …" : ""}`,
    );
  }
  const isMissing = kind === "missing";
  if (isMissing && !instead.some(Number.isNaN))
    throw new UsageError(`--given ${name}=: no training row lacks a value in this column\ngive it a value`);
  if (!isMissing && kind !== (type === "date" ? "date" : "number"))
    throw new UsageError(
      `--given ${name}=${text}: expected ${type === "date" ? "a date such as 2024-03-01" : "a number"}\n${/^[-+]?\d*,\d+$/.test(text) ? `write ${text.replace(",", ".")}` : "correct the value"}`,
    );
  const code = placeIn(instead, isMissing ? Number.NaN : Math.fround(reader.value - origin)) + 1;
  if (code > 0) return { slot, kind: "instead", code };
  expectOnGrid(slot, reader.value, text);
  return { slot, kind: "number", number: reader.value - origin, width: Math.max(WIDTH * range.std, gap) };
}

/** Part of a step by which a value may miss the grid of its column: that of doubles and of decimal digits. */
const OFF_GRID = 1e-3;

/** @throws UsageError for a number between two values that the column can have */
function expectOnGrid({ found: column }: TableColumn, value: number, text: string): void {
  const { name, type, gap = 0, uneven } = column;
  const grid = gridOf(column);
  if (gap === 0 || uneven || grid === undefined) return;
  const steps = (value - grid.least) / gap;
  if (Math.abs(steps - Math.round(steps)) <= OFF_GRID) return;
  const near = [Math.floor(steps), Math.ceil(steps)].map((step) => {
    const at = nextOnGrid(grid, grid.least + step * gap);
    return type === "date" ? dateText(at) : String(at);
  });
  throw new UsageError(
    `--given ${name}=${text}: the column has no values between ${near.join(" and ")}\nchoose one of the two`,
  );
}

/** The log of the share with which a row of the flow counts for a value; −∞ where it does not. */
export function logShare(given: GivenValue, rows: Float32Array, row: number): number {
  const { slot } = given;
  if (given.kind === "code")
    return Math.round(valueAt(rows, row + slot.at)) === given.code ? 0 : Number.NEGATIVE_INFINITY;
  if (given.kind === "instead")
    return codeAt(slot, rows, row + slot.at) === given.code ? 0 : Number.NEGATIVE_INFINITY;
  const holder = holderOf(slot, rows, row);
  if (!holder) return Number.NEGATIVE_INFINITY;
  const found = valueAt(rows, row + holder.at);
  return Math.log(Math.max(0, 1 - ((found - moved(given, holder, rows, row)) / given.width) ** 2));
}

/** The same with the width of the nearest of some rows: where values are dense, half a standard deviation is far. */
export function narrowed(given: GivenValue, rows: Float32Array, width: number): GivenValue {
  if (given.kind !== "number") return given;
  const distances: number[] = [];
  for (let row = 0; row < rows.length; row += width) {
    const holder = holderOf(given.slot, rows, row);
    if (holder) distances.push(Math.abs(valueAt(rows, row + holder.at) - moved(given, holder, rows, row)));
  }
  const nearest = distances.sort((a, b) => a - b)[Math.floor(NEAREST * distances.length)] ?? given.width;
  return { ...given, width: Math.min(given.width, Math.max(nearest, given.slot.found.gap ?? 0)) };
}

/** The column whose number a cell is: another one where it has the value of that. Undefined where it is none. */
function holderOf(slot: TableColumn, rows: Float32Array, row: number): TableColumn | undefined {
  const code = codeAt(slot, rows, row + slot.at);
  if (code === 0) return slot;
  return slot.same && code > slot.instead.length ? holderOf(slot.same, rows, row) : undefined;
}

/** Puts a value into a row of the flow: on a grid, the noise of the row stays. */
export function putValue(given: GivenValue, rows: Float32Array, row: number): void {
  const holder = given.kind === "number" && holderOf(given.slot, rows, row);
  if (holder) rows[row + holder.at] = moved(given, holder, rows, row);
}

/** What stands in a row of the flow for the given number, where this column holds it. */
function moved(
  { slot, number }: Extract<GivenValue, { kind: "number" }>,
  holder: TableColumn,
  rows: Float32Array,
  row: number,
): number {
  const { gap = 0 } = holder.found;
  const wanted = number - apart(slot.found, holder.found) - lowestAt(holder, rows, row);
  const steps = gap === 0 ? 0 : (valueAt(rows, row + holder.at) - wanted) / gap;
  return wanted + gap * (steps - Math.round(steps));
}

/** Whether a value can only be had by putting it in: log p of the row then changes. */
export const isMoved = ({ kind }: GivenValue): boolean => kind === "number";
