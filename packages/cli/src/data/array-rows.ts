import { DataError } from "@flowify/core";
import { valueAt } from "../places.js";
import { allocate } from "./arrays/allocate.js";
import { type NpyArray, numberAt } from "./arrays/npy.js";
import type { RowSet } from "./image-set.js";

export type ArrayRows = Pick<RowSet, "rows" | "shape" | "levels" | "notes">;

/** Most invalid values in a message. */
const LISTED = 5;

/** From so many levels on, integers count as real numbers: a step of 1 is negligible. */
const MOST_LEVELS = 65_536;

/**
 * The rows of an array [rows, columns] of any integer or float type. Non-negative integers get as many levels as their
 * type has, or as they need, for dequantization.
 *
 * @throws DataError for other axes, and for values that are not finite or exceed float32; it names row and column
 */
export function arrayRows(where: string, array: NpyArray): ArrayRows {
  const { sizes } = array;
  const [count = 0, columns = 0] = sizes;
  if (sizes.length !== 2)
    throw new DataError(`${where}: an array [${sizes.join(", ")}], expected rows of numbers [rows, columns]`);
  const at = numberAt(array);
  const rows = new Float32Array(allocate(where, 4 * count * columns).buffer);
  const bad: string[] = [];
  let found = 0;
  for (let row = 0; row < count; row++)
    for (let column = 0; column < columns; column++) {
      const value = at(row, column);
      const kept = Math.fround(value);
      rows[row * columns + column] = kept;
      if (Number.isFinite(kept)) continue;
      found++;
      if (bad.length < LISTED) bad.push(`row ${row + 1}, column ${column + 1} holds ${value}`);
    }
  if (found > 0)
    throw new DataError(
      `${where}: ${bad.join("; ")}${found > bad.length ? `; and ${found - bad.length} more` : ""}\nexpected finite values within ±3.4e38 (float32): remove such rows or columns, or replace the values`,
    );
  const levels = levelsOf(array, rows);
  const notes = arrayQuestions(where, array);
  return {
    rows,
    shape: [columns],
    ...(levels !== undefined && { levels }),
    ...(notes.length > 0 && { notes }),
  };
}

/** Asks whether rows of bytes are pictures, in a line. */
export function arrayQuestions(where: string, { sizes: [, columns = 0], type }: NpyArray): string[] {
  const question = type.kind === "u" && type.bytes === 1 ? pictureQuestion(columns) : undefined;
  return question === undefined ? [] : [`${where}: ${question}`];
}

/** Pixels of a picture at least, and height by width at most: bytes of other rows may be anything. */
const PICTURE = { pixels: 64, aspect: 3 / 2 } as const;

/** Asks whether rows of so many bytes are pictures, with their likely sizes: the nearest to a square, in color and in grey. */
function pictureQuestion(columns: number): string | undefined {
  const sizes = [3, 1].flatMap((channels) => {
    const size = columns % channels === 0 ? pictureSize(columns / channels) : undefined;
    return size ? [{ size, color: channels === 3 ? " in color" : "" }] : [];
  });
  const square = sizes.filter(({ size: [height, width] }) => height === width);
  const likely = square.length > 0 ? square : sizes;
  if (likely.length === 0) return undefined;
  const shown = likely.map(({ size, color }) => `${size.join(" × ")} pictures${color}`).join(" or ");
  return `rows of ${columns} bytes, read as a table: are they ${shown}? then add --size ${valueAt(likely, 0).size.join("x")}`;
}

/** Height and width of so many pixels, as equal as they can be. */
function pictureSize(pixels: number): readonly [height: number, width: number] | undefined {
  if (!Number.isInteger(pixels) || pixels < PICTURE.pixels) return undefined;
  let width = Math.floor(Math.sqrt(pixels));
  while (pixels % width > 0) width--;
  const height = pixels / width;
  return height <= PICTURE.aspect * width ? [height, width] : undefined;
}

/**
 * Number of levels of integers: a power of two, so that new rows fit as well. Undefined for negative values or too many
 * levels.
 */
function levelsOf({ type }: NpyArray, rows: Float32Array): number | undefined {
  if (type.kind === "f") return undefined;
  let [least, most] = [0, 1];
  for (const value of rows) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least < 0 || most >= MOST_LEVELS) return undefined;
  const bits = type.kind === "u" && type.bytes <= 2 ? 8 * type.bytes : Math.ceil(Math.log2(most + 1));
  return 2 ** bits;
}
