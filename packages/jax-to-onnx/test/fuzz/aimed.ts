import { grad, lax, nn, numpy as np } from "@jax-js/jax";
import type { Fn } from "../compare.js";
import type { HostArray } from "../host-array.js";
import { type Case, floats, rotation, sizeOf } from "./cases.js";
import type { Draw } from "./draw.js";

type A = np.Array;
type Shape = readonly number[];

/** A part of a program: its inputs, all but the first of which may be fixed, and what it makes of them. */
type Part = Readonly<{
  inputs: readonly HostArray[];
  /** The input that is an orthogonal matrix. */
  rotation?: number;
  f(...args: A[]): A[];
}>;

/** A dense layer whose kept columns are rotated, and also condition the dropped ones. */
function keptColumns(draw: Draw): Part {
  const [rows, n] = [draw.size(1, 12), draw.size(2, 12)];
  const kept = draw.int(1, n - 1);
  const [isScaled, isTurned] = [draw.chance(0.5), draw.chance(0.3)];
  const shapes: Shape[] = [[rows, n], [n, n], [kept], [kept, kept], [kept, draw.size(1, 9)]];
  return {
    inputs: shapes.map((shape, i) => (i === 3 ? rotation(draw, kept) : floats(draw, shape))),
    rotation: 3,
    f(x, a, s, r, b) {
      const z = np.matmul(x, isTurned ? np.transpose(a) : a);
      const [y, cut] = [z.ref.slice([], [0, n - kept]), z.slice([], [n - kept, n])];
      const w = isScaled ? cut.mul(np.exp(s)) : cut;
      if (!isScaled) s.dispose();
      return [np.sin(y), np.sin(np.matmul(w.ref, r)), np.sin(np.matmul(w, b))];
    },
  };
}

/** Three matrices, one after another or transposed. */
function chains(draw: Draw): Part {
  const [rows, n, m, k] = [draw.size(1, 20), draw.size(1, 20), draw.size(1, 20), draw.size(1, 20)];
  const isLeft = draw.chance(0.5);
  return {
    inputs: [floats(draw, [rows, n]), floats(draw, [n, m]), floats(draw, [m, k])],
    f: (x, a, b) =>
      isLeft
        ? [np.matmul(np.matmul(x, a), b)]
        : [np.matmul(np.transpose(b), np.matmul(np.transpose(a), np.transpose(x)))],
  };
}

/** A convolution of single pixels after another convolution, with a term between them. */
function pixels(draw: Draw): Part {
  const [c, o, side, k] = [draw.int(1, 3), draw.int(1, 5), draw.int(3, 6), draw.int(1, 3)];
  const after = draw.int(1, o);
  const hasBias = draw.chance(0.5);
  const none: [number, number][] = [
    [0, 0],
    [0, 0],
  ];
  return {
    inputs: [
      floats(draw, [draw.int(1, 3), c, side, side]),
      floats(draw, [o, c, k, k]),
      floats(draw, [after, o, 1, 1]),
      floats(draw, [o, 1, 1]),
    ],
    f(x, v, w, b) {
      const first = lax.convGeneralDilated(x, v, [1, 1], none);
      const between = hasBias ? first.add(b) : first;
      if (!hasBias) b.dispose();
      return [lax.convGeneralDilated(between, w, [1, 1], none)];
    },
  };
}

/** Gradients of two small convolutions: rows of images that were transposed from rows. */
function kernels(draw: Draw): Part {
  const [c, m, o, side] = [draw.int(1, 2), draw.int(2, 3), draw.int(1, 3), draw.int(5, 6)];
  const [stride, k] = [draw.int(1, 2), draw.int(1, 3)];
  const around: [number, number] = [draw.int(0, 1), draw.int(0, 1)];
  const conv = (x: A, w: A, step: number): A => lax.convGeneralDilated(x, w, [step, step], [around, around]);
  return {
    inputs: [
      floats(draw, [draw.int(2, 3), c, side, side]),
      floats(draw, [m, c, k, k]),
      floats(draw, [o, m, 2, 2]),
    ],
    f: grad((x: A, v: A, w: A) => np.sum(np.sin(conv(np.sin(conv(x, v, stride)), w, 1))), {
      argnums: [0, 1, 2],
    }) as Part["f"],
  };
}

/** AᵀB of long matrices with few columns, as in the gradient of a kernel. */
function narrow(draw: Draw): Part {
  const [k, m] = [draw.size(4, 1200), draw.int(2, 12)];
  return {
    inputs: [floats(draw, [k, m]), floats(draw, [k, draw.int(1, m - 1)])],
    f: (a, b) => [np.matmul(np.transpose(a), b)],
  };
}

/** Axes in another order, twice, with a change of shape between. */
function turned(draw: Draw): Part {
  const rank = draw.int(3, 5);
  const shape = Array.from({ length: rank }, () => draw.int(2, 6));
  const shuffled = (n: number): number[] => {
    const left = [...Array(n).keys()];
    return Array.from({ length: n }, () => left.splice(draw.int(0, left.length - 1), 1)[0] as number);
  };
  const first = shuffled(rank);
  const between = first.map((axis) => shape[axis] as number);
  const cut = draw.int(1, rank - 1);
  const [rows, columns] = [sizeOf(between.slice(0, cut)), sizeOf(between.slice(cut))];
  return {
    inputs: [floats(draw, shape), floats(draw, [rows, 3])],
    f: (x, w) => [np.matmul(np.transpose(np.transpose(x, first).reshape([rows, columns])), w)],
  };
}

/** An operand that is broadcast after every few numbers. */
function runs(draw: Draw): Part {
  const [n, m, k] = [draw.size(8, 300), draw.int(2, 9), draw.int(2, 4)];
  return {
    inputs: [floats(draw, [n, m, k]), floats(draw, [m, 1])],
    f: (x, b) => [x.ref.sub(b), np.sum(x, 1)],
  };
}

/** What jax-js writes out: cumulative sums, tanh, softmax of parts, gradients of slices, fixed terms, norms. */
function idioms(draw: Draw): Part {
  const [rows, n, m] = [draw.size(4, 60), draw.int(3, 9), draw.int(2, 6)];
  const cut = draw.int(1, n - 1);
  const shapes: Shape[] = [[rows, n], [n], [n], [n, m]];
  return {
    inputs: shapes.map((shape) => floats(draw, shape)),
    f(x, b, c, w) {
      const [high, low] = np.split(np.transpose(x.ref), [cut], 0) as [A, A];
      const parts = (v: A): A => {
        const [left, right] = [v.ref.slice([], [0, cut]), v.slice([], [cut, n])];
        return np.sum(np.sin(left)).add(np.sum(np.cos(right)));
      };
      const wide = x.ref.reshape([rows, n, 1]).mul(w.ref.reshape([1, n, m]));
      const norm = [x.ref, w, b.ref].map((v) => np.sum(np.square(v))).reduce((sum, v) => sum.add(v));
      return [
        np.cumsum(x.ref, 1),
        np.tanh(x.ref),
        nn.softmax(high, 0),
        np.max(low, 0),
        grad(parts)(x.ref),
        x.add(b).add(c),
        np.sum(wide, 1),
        norm,
      ];
    },
  };
}

const parts = [
  idioms,
  keptColumns,
  keptColumns,
  keptColumns,
  chains,
  chains,
  pixels,
  narrow,
  turned,
  turned,
  turned,
  turned,
  runs,
  kernels,
  kernels,
];

/** A program of small parts, each aimed at a pass that seldom acts in other programs. */
export function aimed(draw: Draw): Case {
  const chosen = parts.map((part) => part(draw));
  const starts = chosen.map((_, i) => chosen.slice(0, i).reduce((sum, { inputs }) => sum + inputs.length, 0));
  const f: Fn = (...args) =>
    chosen.flatMap((part, i) => {
      const start = starts[i] as number;
      return part.f(...args.slice(start, start + part.inputs.length));
    });
  const inputs = chosen.flatMap((part) => part.inputs);
  return {
    name: "aimed",
    f,
    inputs,
    fixed: inputs.map((_, i) => i).filter((i) => !starts.includes(i)),
    rotations: chosen.flatMap((part, i) =>
      part.rotation === undefined ? [] : [(starts[i] as number) + part.rotation],
    ),
    itemwise: draw.chance(0.5),
  };
}
