import { normalCdf } from "@flowify/core/internal";
import type { ValueKind } from "./network.js";

/** Nothing of a float32 lies beyond; the ends of the outermost cells of classes. */
export const LARGEST = 3e38;

export const hasCells = ({ step, classes }: ValueKind): boolean =>
  step !== undefined || classes !== undefined;

/** The ends of the cell around a value; those of the first and the last class have none. */
export function cellOf({ step = 1, classes = Number.POSITIVE_INFINITY }: ValueKind) {
  const isClass = Number.isFinite(classes);
  return {
    below: (value: number): number => (isClass && value <= 0 ? Number.NEGATIVE_INFINITY : value - step / 2),
    above: (value: number): number => (value >= classes - 1 ? Number.POSITIVE_INFINITY : value + step / 2),
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
