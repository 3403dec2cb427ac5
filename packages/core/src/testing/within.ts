import { LawError } from "../errors.js";
import type { Figure } from "./subject.js";
import { type LawTolerance, lawTolerances } from "./tolerances.js";

type Numbers = ArrayLike<number>;

/** The largest |a − b|, in units of the largest |b| and at least of 1; Infinity where any is not finite. */
export function distance(a: Numbers, b: Numbers): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let unit = 1;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    unit = Math.max(unit, Math.abs(b[i] as number));
    const error = Math.abs((a[i] as number) - (b[i] as number));
    worst = Math.max(worst, Number.isFinite(error) ? error : Number.POSITIVE_INFINITY);
  }
  return worst / unit;
}

/**
 * Compares numbers of a layer with those that a law wants; `condition` multiplies the tolerance.
 *
 * @throws LawError with the figures
 */
export function within(
  law: string,
  what: string,
  [ours, wanted]: readonly [ours: Numbers, wanted: Numbers],
  tolerance: LawTolerance,
  condition = 1,
): Figure {
  const allowed = lawTolerances[tolerance].value * condition;
  const error = distance(ours, wanted);
  if (error <= allowed) return { what, error, allowed };
  const found = `${shown(ours)} where ${shown(wanted)} is expected`;
  throw new LawError(
    law,
    `${what}: ${found}; they differ by ${error.toPrecision(3)}, at most ${allowed} is allowed`,
  );
}

/** The first numbers of many. */
function shown(values: Numbers, most = 4): string {
  const first = Array.from({ length: Math.min(most, values.length) }, (_, i) =>
    (values[i] as number).toPrecision(6),
  );
  return `[${first.join(", ")}${values.length > most ? ", …" : ""}]`;
}
