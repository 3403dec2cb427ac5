import { DataError } from "@flowify/core";
import { NO_ROW } from "@flowify/core/internal";
import { meanAndSpread } from "../statistics.js";
import { filled, type Rows } from "./filled-rows.js";

/** How observations are brought to one scale before a network sees them: s(x) = asinh((x − median) / spread). */
export type Scaling = Readonly<{
  middle: readonly number[];
  spread: readonly number[];
  /** Where observations are rows: those of the numbers of a row. */
  rows?: Rows;
}>;

/** Of simulated observations [n, size], column by column: medians, and half the distance that holds 68 %; the standard deviation where that is 0. */
export function scalingOf(all: Float64Array, width: number, of?: Rows): Scaling {
  const rows = of ? all.filter((value) => value !== NO_ROW) : all;
  const size = of ? of[1] : width;
  const count = rows.length / size;
  const [middle, spread]: [number[], number[]] = [[], []];
  for (let k = 0; k < size; k++) {
    const sorted = Float64Array.from({ length: count }, (_, i) => rows[i * size + k] as number).sort();
    const at = (p: number): number => sorted[Math.min(Math.floor(p * count), count - 1)] as number;
    const { std } = meanAndSpread(sorted);
    const half = (at(0.84) - at(0.16)) / 2;
    middle.push(at(0.5));
    spread.push(half > 1e-6 * std ? half : std > 0 ? std : 1);
  }
  return { middle, spread, ...(of && { rows: of }) };
}

/** s of observations, one after another. */
export function scaled(rows: ArrayLike<number>, { middle, spread }: Scaling): Float32Array {
  const size = middle.length;
  return Float32Array.from({ length: rows.length }, (_, i) => {
    const k = i % size;
    if (rows[i] === NO_ROW) return NO_ROW;
    return Math.asinh(((rows[i] as number) - (middle[k] as number)) / (spread[k] as number));
  });
}

/** s of one observation, or of parameters. Errors: `DataError` for another length, or a number that is not finite. */
export function conditionOf(given: ArrayLike<number>, scaling: Scaling, name = "observed"): Float32Array {
  const { rows } = scaling;
  const observed = rows ? filled(given, rows, (text) => new DataError(`${name}: ${text}`)) : given;
  const size = rows ? rows[0] * rows[1] : scaling.middle.length;
  if (observed?.length !== size)
    throw new DataError(`${name}: expected ${size} numbers, as the simulator has, got ${observed?.length}`);
  for (let i = 0; i < size; i++)
    if (!Number.isFinite(observed[i])) throw new DataError(`${name}: number ${i} is ${observed[i]}`);
  return scaled(observed, scaling);
}
