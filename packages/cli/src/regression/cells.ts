import { normalCdf } from "@flowify/core/internal";
import type { ValueKind } from "./network.js";

/** Nothing of a float32 lies beyond; the ends of the outermost cells of classes. */
export const LARGEST = 3e38;

export const hasCells = ({ step, classes }: ValueKind): boolean =>
  step !== undefined || classes !== undefined;

/** Of each value how wide its cell is, and whether nothing lies below it. */
export type Cells = Readonly<{ widths?: Float32Array | undefined; least?: readonly boolean[] | undefined }>;

/** The ends of the cell around value i; those of the first and the last one have none. */
export function cellOf(
  { step = 1, classes = Number.POSITIVE_INFINITY }: ValueKind,
  { widths, least }: Cells = {},
) {
  const isClass = Number.isFinite(classes);
  const half = (i: number): number => (widths?.[i] ?? step) / 2;
  return {
    below: (value: number, i: number) =>
      (isClass && value <= 0) || least?.[i] ? Number.NEGATIVE_INFINITY : value - half(i),
    above: (value: number, i: number) => (value >= classes - 1 ? Number.POSITIVE_INFINITY : value + half(i)),
  };
}

/** The class that a number stands for; others as they are. */
export const amongClasses = ({ classes }: ValueKind, value: number): number =>
  classes === undefined ? value : Math.min(Math.max(Math.round(value), 0), classes - 1);

/** The latent of an end, −∞ and ∞ for one that is not there. */
export const latentAt = (ends: Float32Array, latents: Float32Array, i: number): number =>
  Number.isFinite(ends[i]) ? (latents[i] as number) : (ends[i] as number);

/** |Φ(b) − Φ(a)|, without cancellation far out. */
export function between(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low > 0 ? normalCdf(-low) - normalCdf(-high) : normalCdf(high) - normalCdf(low);
}
