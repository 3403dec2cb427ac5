import type { NetworkLayer } from "@flowify/core";
import type { Place } from "./table-places.js";

/** Noise for columns whose values lie on a grid: whole numbers, days, and codes where a network takes them as numbers. */
export function frontOf(places: readonly Place[]): NetworkLayer[] {
  const gaps = places.map(({ gap }) => gap);
  const origins = places.map(({ origin }) => origin);
  return gaps.some((gap) => gap > 0) ? [{ kind: "dequantizeColumns", gaps, origins }] : [];
}

/** What spreads the values of grids that are likelier than those around them. */
export function heapingOf(places: readonly Place[]): NetworkLayer[] {
  const gaps = places.map(({ gap }) => gap);
  if (gaps.every((gap) => gap === 0)) return [];
  const most = Math.max(...places.map(({ gap, size }) => (gap > 0 ? size : 0)));
  return [
    {
      kind: "piecewiseLinear",
      gaps,
      origins: places.map(({ origin }) => origin),
      codes: places.map(({ noise }, at) => (noise === undefined ? -1 : at + 1)),
      knots: KNOTS.find((knots) => knots > most + 3) ?? Math.max(...KNOTS),
    },
  ];
}

/** Knots of grids that have fewer values, and of all others. */
const KNOTS = [64, 128, 256, 512, 1024];
