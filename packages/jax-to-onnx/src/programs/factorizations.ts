/** Triangular matrices row by row, as programs of other primitives: as many nodes as there are rows, times ten. */

import { numpy as np } from "@jax-js/jax";
import { leading, nth } from "../lists.js";

type A = np.Array;

/** Entries [..., from:to] of the last two axes of x, which stays valid; a number takes one entry, without its axis. */
function entries(x: A, row: number | [] | [number, number], column: number | [] | [number, number]): A {
  return x.ref.slice(...x.shape.slice(0, -2).map((): [] => []), row, column);
}

/** Column vectors times row vectors: [..., m], [..., n] -> [..., m, n]. */
const outer = (a: A, b: A): A => np.expandDims(a, -1).mul(np.expandDims(b, -2));

/** x [..., n, n] = L Lᵀ; reads the lower triangle. */
export function cholesky(x: A): A[] {
  const n = nth(x.shape, -1);
  const columns: A[] = [];
  let rest = x;
  for (let j = 0; j < n; j++) {
    const scaled = entries(rest, [], j).div(np.sqrt(entries(rest, j, [j, j + 1])));
    const column = np.where(np.less(np.arange(n), j), 0, scaled);
    if (j < n - 1) rest = rest.sub(outer(column.ref, column.ref));
    columns.push(column);
  }
  rest.dispose();
  return [np.stack(columns, -1)];
}

/** x aᵀ = b for an upper triangular a [..., n, n] and b [..., m, n], from the last column of x to the first. */
export function triangularSolve(a: A, b: A, { unitDiagonal }: { unitDiagonal: boolean }): A[] {
  const n = nth(a.shape, -1);
  const columns: A[] = [];
  let rest = b;
  for (let i = n - 1; i >= 0; i--) {
    const above = entries(rest, [], i);
    const column = unitDiagonal ? above : above.div(entries(a, i, [i, i + 1]));
    if (i > 0) rest = rest.sub(outer(column.ref, entries(a, [], i)));
    columns.unshift(column);
  }
  a.dispose();
  rest.dispose();
  return [np.stack(columns, -1)];
}

/** P x = L U of x [..., m, n] with the largest pivots: L and U in one array, the pivots, and the order of the rows. */
export function lu(x: A): A[] {
  const [m, n] = leading(x.shape.slice(-2), 2);
  const pivots: A[] = [];
  let order = np.broadcastTo(np.arange(m), x.shape.slice(0, -1));
  let rest = x;
  for (let j = 0; j < Math.min(m, n); j++) {
    const sizes = np.where(np.less(np.arange(m), j), -1, np.abs(entries(rest, [], j)));
    const pivot = np.expandDims(np.argmax(sizes, -1), -1); // [..., 1]
    const isPivot = np.equal(np.arange(m), pivot.ref); // [..., m]
    const isRow = np.equal(np.arange(m), j);
    const swapped = (values: A, where: A, at: A, axis: number): A => {
      const chosen = np.sum(np.where(where.ref, values.ref, 0), axis, { keepdims: true });
      const own = values.ref.slice(
        ...values.shape.map((_, k): [] | [number, number] => (k === values.ndim + axis ? [j, j + 1] : [])),
      );
      return np.where(at, chosen, np.where(where, own, values));
    };
    order = swapped(order, isPivot.ref, isRow.ref, -1);
    rest = swapped(rest, np.expandDims(isPivot, -1), np.expandDims(isRow, -1), -2);
    const diagonal = entries(rest, j, [j, j + 1]); // [..., 1]
    const isBelow = np.less(j, np.arange(m));
    const usable = np.logicalAnd(isBelow, np.notEqual(diagonal.ref, 0));
    const column = entries(rest, [], j);
    const factors = np.where(usable.ref, column.ref.div(np.where(np.equal(diagonal.ref, 0), 1, diagonal)), 0);
    const isRight = np.logicalAnd(np.expandDims(usable.ref, -1), np.less(j, np.arange(n)));
    const updated = np.where(isRight, rest.ref.sub(outer(factors.ref, entries(rest, j, []))), rest);
    const isColumn = np.equal(np.arange(n), j);
    rest = np.where(isColumn, np.expandDims(np.where(usable, factors, column), -1), updated);
    pivots.push(pivot);
  }
  return [rest, np.concatenate(pivots, -1), order];
}
