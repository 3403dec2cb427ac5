import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import { floats } from "../params/host.js";

/** Boxes of several columns, all of them in one list: their columns, where they begin, and how wide they are. */
export type Boxes = Readonly<{
  count: number;
  columns: readonly number[];
  lows: readonly number[];
  widths: readonly number[];
  /** 1 where a number of its column lies in a box, else 0: [B, columns] -> [B, count]. Consumes x. */
  inside(x: np.Array): np.Array;
  /** A number of each column at all of its boxes, [B, columns] -> [B, count]. Consumes it. */
  spread(x: np.Array): np.Array;
}>;

/** Most boxes of all columns together. */
const MOST = 2048;

export const row = (list: readonly number[], dtype: np.DType): np.Array =>
  floats(Float32Array.from(list)).astype(dtype);

/** Boxes between edges that rise, a list for each column. */
export function boxesOf(name: string, edges: readonly (readonly number[])[]): Boxes {
  for (const own of edges) {
    if (own.length < 2) throw new ShapeError(`${name}: needs two edges a column at least, got ${own.length}`);
    if (own.some((edge, i) => i > 0 && edge <= own[i - 1]!))
      throw new DomainError(`${name}: edges must rise, got ${own.slice(0, 5).join(", ")} …`);
  }
  const columns = edges.flatMap((own, c) => own.slice(1).map(() => c));
  const count = columns.length;
  if (count > MOST) throw new DomainError(`${name}: expected at most ${MOST} values, got ${count}`);
  const lows = edges.flatMap((own) => own.slice(0, -1));
  const highs = edges.flatMap((own) => own.slice(1));
  const places = new Float32Array(edges.length * count);
  for (const [s, c] of columns.entries()) places[c * count + s] = 1;
  const spread = (x: np.Array): np.Array =>
    np.matmul(x, floats(places.slice(), [edges.length, count]).astype(x.dtype));
  return {
    count,
    columns,
    lows,
    widths: lows.map((low, s) => highs[s]! - low),
    spread,
    inside(x) {
      const { dtype } = x;
      const all = spread(x);
      const above = np.greaterEqual(all.ref, row(lows, dtype)).astype(dtype);
      return np.less(all, row(highs, dtype)).astype(dtype).mul(above);
    },
  };
}

/** Which box each number lies in, counted in its column from 0; the nearest one where it lies in none. */
export function boxAt(edges: readonly number[], x: number): number {
  let box = 0;
  while (box < edges.length - 2 && x >= Math.fround(edges[box + 1]!)) box++;
  return box;
}
