import { normalCdf } from "@flowify/core/internal";
import type { ValueKind } from "./network.js";

export const hasCells = ({ step }: ValueKind): boolean => step !== undefined;

/** Of each value how wide its cell is, and whether nothing lies below it. */
export type Cells = Readonly<{ widths?: Float32Array | undefined; least?: readonly boolean[] | undefined }>;

/** The ends of the cell around value i; that of the least one has none below. */
export function cellOf({ step = 1 }: ValueKind, { widths, least }: Cells = {}) {
  const half = (i: number): number => (widths?.[i] ?? step) / 2;
  return {
    below: (value: number, i: number) => (least?.[i] ? Number.NEGATIVE_INFINITY : value - half(i)),
    above: (value: number, i: number) => value + half(i),
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
