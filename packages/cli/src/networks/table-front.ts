import type { NetworkLayer } from "@flowify/core";
import type { Place } from "./table-places.js";

/** Noise for columns whose values lie on a grid: whole numbers, days, and codes where a network takes them as numbers. */
export function frontOf(places: readonly Place[]): NetworkLayer[] {
  const gaps = places.map(({ gap }) => gap);
  const origins = places.map(({ origin }) => origin);
  return gaps.some((gap) => gap > 0) ? [{ kind: "dequantizeColumns", gaps, origins }] : [];
}

/**
 * What spreads the values of grids that are likelier than those around them.
 *
 * @param known of each number the place in the condition that is 1 where it is there, −1 where it always is
 * @param cycles of each number the first place of its cycle in the condition, and how many there are, or none
 */
export function heapingOf(
  numbers: readonly Place[],
  known: readonly number[],
  cycles: readonly (readonly number[])[],
): NetworkLayer[] {
  const gaps = numbers.map(({ gap }) => gap);
  if (gaps.every((gap) => gap === 0)) return [];
  const most = Math.max(...numbers.map(({ gap, size }) => (gap > 0 ? size : 0)));
  return [
    {
      kind: "piecewiseLinear",
      gaps,
      origins: numbers.map(({ origin }) => origin),
      known,
      ...(cycles.some(({ length }, i) => length > 0 && gaps[i]! > 0) && { cycles }),
      knots: KNOTS.find((knots) => knots > most + 3) ?? Math.max(...KNOTS),
    },
  ];
}

/** Knots of grids that have fewer values, and of all others. */
const KNOTS = [64, 128, 256, 512, 1024];
