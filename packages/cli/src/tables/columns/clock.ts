import { numpy as np } from "@jax-js/jax";
import { SECONDS_PER_DAY, timeText } from "../../data/table/cell.js";
import { type ColumnKind, MISSING } from "./column-kind.js";
import { number } from "./number.js";

const TURN = 2 * Math.PI;

/**
 * The place of x + origin on a circle, [B, 2] from [B, 1], with the end of the period beside its beginning: cosine and sine.
 * What is missing lies in the middle. Consumes x.
 */
export function onCircle(x: np.Array, period: number, origin = 0): np.Array {
  const missing = np.isnan(x.ref);
  const since = np.where(missing.ref, 0, x).add(origin - period * Math.floor(origin / period));
  const turns = np.floor(since.ref.div(period));
  const angle = since.sub(turns.mul(period)).mul(TURN / period);
  return np.where(missing, 0, np.concatenate([np.cos(angle.ref), np.sin(angle)], 1));
}

/** The time of day, in seconds since midnight: a place on a circle, so that 23:59 lies beside 00:00. */
export const clock: ColumnKind = {
  ...number,
  detect: (_, isTime) => isTime,
  expected: "seconds since midnight",
  show({ origin = 0 }, seconds) {
    if (Number.isNaN(seconds)) return MISSING;
    const text = timeText(Math.round(seconds + origin) / SECONDS_PER_DAY).slice(11, 19);
    return text.endsWith(":00") ? text.slice(0, 5) : text;
  },
  isNumber: false,
  features: ({ origin }, x) => [onCircle(x, SECONDS_PER_DAY, origin)],
  meaning: "seconds since midnight UTC; NaN where the time is missing",
};
