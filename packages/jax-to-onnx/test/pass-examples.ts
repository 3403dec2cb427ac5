/** Programs that give each pass of the lowering something to do. */
import { grad, lax, nn, numpy as np } from "@jax-js/jax";
import type { Fn } from "./compare.js";

type A = np.Array;

export const conv = (x: A, w: A): A => lax.convGeneralDilated(x, w, [1, 1], "SAME");
/** `rotation`: the argument that is an orthogonal matrix. */
export type PassExample = Readonly<{
  f: Fn;
  shapes: readonly number[][];
  itemwise?: boolean;
  rotation?: number;
}>;

/** A program for each pass, that gives it something to do; all arguments but the first may be fixed. */
export const passExamples: readonly PassExample[] = [
  { f: (x, w, b) => nn.relu(np.matmul(x, w).add(b)).sub(1), shapes: [[8, 4], [4, 6], [6]] },
  {
    f: (x, y) => [
      x.ref.add(2).sub(5),
      x.ref.mul(3).mul(0.25),
      x.ref.sub(y.ref).neg(),
      x.ref.neg().mul(0.5),
      x.ref.neg().mul(y.ref.neg()),
      x.ref.neg().add(y.ref),
      x.ref.div(np.square(y.ref).add(1)),
      np.abs(x.ref),
      np.where(np.less(x.ref, 0.25), x.ref.neg(), x),
      np.square(np.reciprocal(np.square(y).add(1))),
    ],
    shapes: [
      [7, 3],
      [7, 3],
    ],
  },
  {
    f: (x) => {
      const parts =
        (start: number, middle: number, next: number, end: number) =>
        (v: A): A => {
          const [a, b] = [v.ref.slice([], [start, middle]), v.slice([], [next, end])];
          return np.sum(np.sin(b)).add(np.sum(np.exp(a)));
        };
      return [
        grad(parts(1, 3, 3, 5))(x.ref), // side by side
        grad(parts(0, 2, 5, 8))(x.ref), // with a gap
        grad((v: A) => parts(1, 3, 3, 5)(np.flip(v, 1)))(x),
      ];
    },
    shapes: [[4, 8]],
  },
  {
    f: (x, b, c) => [x.ref.add(b.ref).add(c.ref), b.add(x).add(c)],
    shapes: [
      [3, 4],
      [3, 4],
      [3, 4],
    ],
  },
  {
    f: (x, w) => [
      np.sum(x.ref.reshape([8, 4, 1]).mul(w.ref.reshape([1, 4, 6])), [0, 1]),
      np.max(x.reshape([8, 4, 1]).mul(w.reshape([1, 4, 6])), 1),
    ],
    shapes: [
      [8, 4],
      [4, 6],
    ],
  },
  { f: (x) => np.sum(x, 0), shapes: [[27, 5]] },
  {
    f: (x, a, b) => np.matmul(x, a).add(b),
    shapes: [
      [1, 4],
      [4, 6],
      [8, 6],
    ],
  },
  {
    f: (x, a, b) => {
      const y = np.matmul(x.ref, a.ref);
      return [y.ref.add(b.ref), np.sin(y), np.matmul(x, a).add(b.reshape([1, 1, 6]))];
    },
    shapes: [[8, 4], [4, 6], [6]],
  },
  {
    f: (x, a, b) => np.matmul(np.matmul(x, a), b),
    shapes: [
      [5, 4],
      [4, 4],
      [4, 4],
    ],
  },
  {
    f: (x, b, c) => np.tanh(x).add(b).add(c),
    shapes: [
      [3, 4],
      [3, 4],
      [3, 4],
    ],
  },
  { f: (x) => np.cumsum(x, 1), shapes: [[4, 9]] },
  {
    f: (x, w) => np.sum(x.reshape([8, 4, 1]).mul(w.reshape([1, 4, 6])), 1),
    shapes: [
      [8, 4],
      [4, 6],
    ],
  },
  { f: (x) => np.sum(x.ref).add(np.max(x.ref)).add(np.min(x)), shapes: [[5]] },
  { f: (x) => [np.max(x.ref, 0), np.sum(np.square(x.ref)), np.sum(x, 0)], shapes: [[3, 40]] },
  {
    f: (x, b) => np.sum(x.ref.sub(b), 1).add(np.sum(x, 1)),
    shapes: [
      [30, 7, 3],
      [7, 1],
    ],
  },
  {
    f: (x, v, w) => conv(conv(x, v), w),
    shapes: [
      [2, 3, 6, 6],
      [4, 3, 3, 3],
      [4, 4, 1, 1],
    ],
    itemwise: true,
  },
  {
    f: (x, w) => np.matmul(np.transpose(x), w),
    shapes: [
      [40, 8],
      [40, 3],
    ],
  },
  {
    f: (w, x) => np.matmul(np.transpose(x), np.transpose(w, [0, 2, 1]).reshape([40, 3])),
    shapes: [
      [10, 3, 4],
      [40, 8],
    ],
  },
  { f: (x) => np.transpose(x, [3, 0, 2, 1]), shapes: [[3, 4, 5, 6]] },
  {
    f: (x) => {
      const [a, b] = np.split(np.transpose(x), [3], 0) as [A, A];
      return [nn.softmax(a, 0), nn.softmax(b, 0)];
    },
    shapes: [[40, 5]],
  },
  {
    f: grad((x: A) => np.sum(np.sin(x.ref.slice([], [0, 3]))).add(np.sum(np.exp(x.slice([], [3, 8]))))),
    shapes: [[4, 8]],
  },
  {
    f: (x, a, r, b) => {
      const z = np.matmul(x, a);
      const [y, w] = [z.ref.slice([], [0, 2]), z.slice([], [2, 6])];
      return [np.sin(y), np.sin(np.matmul(w.ref, r)), np.sin(np.matmul(w, b))];
    },
    shapes: [
      [9, 6],
      [6, 6],
      [4, 4],
      [4, 3],
    ],
    rotation: 2,
  },
  {
    f: (x, y) => np.matmul(np.transpose(x, [1, 0, 2]), y),
    shapes: [
      [6, 5, 4],
      [5, 4, 3],
    ],
  },
];
