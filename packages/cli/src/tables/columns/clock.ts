import { numpy as np } from "@jax-js/jax";
import { SECONDS_PER_DAY, timeText } from "../../data/table/cell.js";
import { type ColumnKind, MISSING } from "./column-kind.js";
import { number } from "./number.js";

/**
 * Places on a circle are multiples of one part in so many of its radius, 13 seconds of a day. Cosines that are equal by symmetry, of
 * Tuesday and Sunday, are then equal in float32. Ranks among training rows depend on that.
 */
const STEPS = 1024;

/**
 * sin 2πt to 0.002 for t in turns, from 0 to 2. Sums, products and quotients are the same in every engine, sines are not.
 *
 * Source: Bhāskara I, Mahābhāskarīya VII 17–19.
 */
function sine(t: np.Array): np.Array {
  const halves = np.floor(t.ref.mul(2));
  const x = t.mul(2).sub(halves.ref);
  const p = x.ref.mul(x.neg().add(1));
  const size = p.ref.mul(16).div(p.mul(-4).add(5));
  const isUpper = np.equal(np.floor(halves.ref.div(2)).mul(2), halves);
  return np.where(isUpper, size.ref, size.neg());
}

/**
 * The place of x + origin on a circle, [B, 2] from [B, 1], with the end of the period beside its beginning: cosine and sine.
 * What is missing lies in the middle. Consumes x.
 */
export function onCircle(x: np.Array, period: number, origin = 0): np.Array {
  const missing = np.isnan(x.ref);
  const since = np.where(missing.ref, 0, x).add(origin - period * Math.floor(origin / period));
  const turns = np.floor(since.ref.div(period));
  const t = since.sub(turns.mul(period)).div(period);
  const place = np.concatenate([sine(t.ref.add(0.25)), sine(t)], 1);
  return np.where(missing, 0, np.floor(place.mul(STEPS).add(0.5)).div(STEPS));
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

/** A number that begins again after the period of its column. */
export const circle: ColumnKind = {
  ...number,
  detect: ({ period }) => period !== undefined,
  isNumber: false,
  features: ({ origin, period = 1 }, x) => [onCircle(x, period, origin)],
};
