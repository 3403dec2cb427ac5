import type { DrawnNode } from "./nodes.js";

/** Position of a box of the graph: rows from the top, lanes from the left. */
export type Place = Readonly<{ row: number; lane: number }>;

/**
 * Rows and lanes for a graph: each node is one row below the lowest of its inputs, and branches are beside each other.
 * The input has row 0 and lane 0; node i is at places[i].
 */
export function layout(nodes: readonly DrawnNode[]): {
  places: readonly Place[];
  rows: number;
  lanes: number;
} {
  const places: Place[] = [];
  const taken = new Map<number, Set<number>>();
  /** Continuation of a lane: the first node that takes its end as input. */
  const continued = new Set<number>();
  nodes.forEach(({ from }, i) => {
    const sources = from.map((at) => places[at] ?? { row: 0, lane: 0 });
    const row = Math.max(...sources.map((place) => place.row)) + 1;
    const first = from.find((at) => !continued.has(at));
    const wanted = first === undefined ? 1 : Math.min(...sources.map(({ lane }) => lane));
    if (first !== undefined) continued.add(first);
    const here = taken.get(row) ?? new Set();
    let lane = wanted;
    while (here.has(lane)) lane++;
    taken.set(row, here.add(lane));
    places[i] = { row, lane };
  });
  return {
    places,
    rows: Math.max(0, ...places.map(({ row }) => row)) + 1,
    lanes: Math.max(0, ...places.map(({ lane }) => lane)) + 1,
  };
}
