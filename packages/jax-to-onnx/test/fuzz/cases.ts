import { DType, grad, lax, numpy as np, valueAndGrad } from "@jax-js/jax";
import fc from "fast-check";
import type { Fn } from "../compare.js";
import { HostArray } from "../host-array.js";
import { programsUpTo, runProgram } from "../programs.js";
import type { Program } from "../run-lowered.js";
import type { Draw } from "./draw.js";

type A = np.Array;
type Shape = readonly number[];

export type Case = Program &
  Readonly<{
    /**
     * Has numbers that are not finite, or integers beyond the ends: equal to jax-js for targets with its semantics
     * only.
     */
    special?: boolean;
    /** Adds many numbers into few places, so many that threads would share them: runs with 1, 2 and 4 threads. */
    meeting?: boolean;
  }>;

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

export function floats(draw: Draw, shape: Shape, scale = 1): HostArray {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => scale * (2 * draw.uniform() - 1));
  return new HostArray(data, shape, DType.Float32);
}

/** A product of two reflections. */
export function rotation(draw: Draw, n: number): HostArray {
  let rows = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)));
  for (let k = 0; k < 2; k++) {
    const v = Array.from({ length: n }, () => draw.uniform() - 0.5);
    const square = v.reduce((sum, x) => sum + x * x, 0);
    rows = rows.map((row) => {
      const along = row.reduce((sum, x, j) => sum + x * (v[j] as number), 0);
      return row.map((x, j) => x - (2 * along * (v[j] as number)) / square);
    });
  }
  return new HostArray(Float32Array.from(rows.flat()), [n, n], DType.Float32);
}

/** Random operations on arrays to 10⁵ elements, sometimes with gradients. */
function operations(draw: Draw): Case {
  const [largest, longest] = draw.pick([
    [200, 6],
    [5_000, 40],
    [100_000, 300],
  ] as const);
  const [program] = fc.sample(programsUpTo(largest, longest), { seed: draw.int(0, 2 ** 30), numRuns: 1 });
  if (program === undefined) throw new Error("no program");
  const inputs = program.inputs.map((shape) => floats(draw, shape));
  const run: Fn = (...args) => runProgram(program, args);
  const loss = (...args: A[]): A =>
    runProgram(program, args)
      .map((value, i) => np.sum(np.sin(value)).mul(i + 1))
      .reduce((a, b) => a.add(b));
  const fixed = inputs.map((_, i) => i).filter((i) => i > 0 && draw.chance(0.3));
  return draw.chance(0.4) && largest < 100_000
    ? {
        name: "gradient",
        f: valueAndGrad(loss, { argnums: inputs.map((_, i) => i) as never }),
        inputs,
        fixed,
      }
    : { name: "operations", f: run, inputs, fixed };
}

/** Chains of matrices to 256 × 512, with biases, scales, parts and rotations, as in dense layers and their inverses. */
function products(draw: Draw): Case {
  const rows = draw.size(1, 256);
  const n = draw.size(2, 128);
  const kept = draw.int(1, n);
  const hidden = draw.size(1, draw.chance(0.1) ? 512 : 64);
  const sizes: Shape[] = [[rows, n], [n, n], [kept], [kept, kept], [kept], [hidden, kept], [hidden]];
  const isFixed = draw.chance(0.6);
  const [way, last] = [draw.int(0, 4), draw.int(0, 2)];
  const f: Fn = (x, a, s, r, b, w, c) => {
    const once = np.matmul(x, way % 2 === 0 ? a.ref : np.transpose(a.ref));
    const y = way < 3 ? once.add(np.sum(a)) : np.matmul(once, np.transpose(a));
    const u = y.ref.slice([], [n - kept, n]).mul(np.exp(s));
    const h = np.maximum(np.matmul(u.ref, np.transpose(w.ref)).add(c), 0);
    const z = np.matmul(u, r).add(b);
    const rest = np.sin(y.slice([], [0, n - kept]));
    const back = np.concatenate([rest, z.ref], 1);
    const out = last === 0 ? np.matmul(h, w) : last === 1 ? np.matmul(np.transpose(h), z.ref) : h;
    if (last !== 0) w.dispose();
    return [z, out, np.sum(back, 0)];
  };
  const inputs = sizes.map((shape, i) => (i === 3 ? rotation(draw, kept) : floats(draw, shape)));
  const places = [1, 2, 3, 4, 5, 6];
  return { name: "products", f, inputs, fixed: isFixed ? places : [], rotations: isFixed ? [3] : [] };
}

/** A convolution of any stride, padding, dilation and number of groups, alone, with its gradients, or before another. */
function convolution(draw: Draw): Case {
  const rank = draw.pick([1, 2, 2, 2, 3]);
  const axes = Array.from({ length: rank }, () => {
    const kernel = draw.int(1, 5);
    const dilation = draw.chance(0.2) ? 2 : 1;
    const reach = (kernel - 1) * dilation + 1;
    const padding: [number, number] = draw.chance(0.5) ? [0, 0] : [draw.int(0, reach), draw.int(-1, reach)];
    const least = Math.max(1, reach - padding[0] - padding[1]);
    return {
      kernel,
      dilation,
      padding,
      stride: draw.pick([1, 1, 1, 2, 3]),
      inputDilation: draw.chance(0.15) ? 2 : 1,
      input: least + draw.int(0, rank === 3 ? 4 : 10),
    };
  });
  const groups = draw.pick([1, 1, 1, 2, 3]);
  const [n, c, o] = [draw.size(1, 9), groups * draw.int(1, 4), groups * draw.int(1, 5)];
  const options = {
    lhsDilation: axes.map((axis) => axis.inputDilation),
    rhsDilation: axes.map((axis) => axis.dilation),
    featureGroupCount: groups,
  };
  const conv = (x: A, w: A): A =>
    lax.convGeneralDilated(
      x,
      w,
      axes.map((axis) => axis.stride),
      axes.map((axis) => axis.padding),
      options,
    );
  const ones = axes.map(() => 1);
  const after = draw.int(1, o);
  const shapes: Shape[] = [
    [n, c, ...axes.map((axis) => axis.input)],
    [o, c / groups, ...axes.map((axis) => axis.kernel)],
    [o, ...ones],
    [after, o, ...ones],
  ];
  const all = shapes.map((shape) => floats(draw, shape));
  const itemwise = draw.chance(0.5);
  if (draw.chance(0.5)) {
    const loss = (x: A, w: A): A => np.sum(np.sin(conv(x, w)));
    return { name: "convolution", f: grad(loss, { argnums: [0, 1] }), inputs: all.slice(0, 2), itemwise };
  }
  if (draw.chance(0.3)) return { name: "convolution", f: conv, inputs: all.slice(0, 2), itemwise };
  const f: Fn = (x, w, b, v) =>
    lax.convGeneralDilated(
      conv(x, w).add(b),
      v,
      ones,
      ones.map((): [number, number] => [0, 0]),
    );
  return { name: "convolutions", f, inputs: all, itemwise, fixed: draw.chance(0.7) ? [1, 2, 3] : [] };
}

/** Sums and extremes of arrays to 10⁵ elements over any axes. */
function reductions(draw: Draw): Case {
  const rank = draw.int(1, 4);
  let left = draw.size(10, 100_000);
  const shape = Array.from({ length: rank }, () => {
    const n = Math.max(1, Math.min(left, draw.size(1, draw.pick([4, 20, 3000]))));
    left = Math.floor(left / n);
    return n;
  });
  const axes = [...shape.keys()].filter(() => draw.chance(0.5));
  const keepdims = draw.chance(0.5);
  const perm = draw.chance(0.5) ? [...shape.keys()].reverse() : [...shape.keys()];
  const f: Fn = (x, b) => {
    const y = np.transpose(x.mul(b), perm);
    const wide = np.sum(y.ref, axes, { keepdims: true });
    return [
      np.sum(y.ref, axes, { keepdims }),
      np.max(y.ref, axes, { keepdims }),
      np.min(y.ref, axes, { keepdims }),
      np.sum(np.square(y.ref), axes, { keepdims }),
      y.sub(wide),
    ];
  };
  const factor = shape.map((n) => (draw.chance(0.5) ? n : 1));
  return { name: "reductions", f, inputs: [floats(draw, shape), floats(draw, factor)] };
}

/** Integers, at the ends of their types if `special`. */
function integers(draw: Draw): Case {
  const dtype = draw.pick([DType.Int32, DType.Uint32]);
  const special = draw.chance(0.5);
  const ends =
    dtype === DType.Int32
      ? [-(2 ** 31), -(2 ** 31) + 1, -1, 0, 1, 2 ** 31 - 1]
      : [0, 1, 2 ** 31, 2 ** 32 - 1];
  const values = (shape: Shape): HostArray => {
    const numbers = Array.from({ length: sizeOf(shape) }, () =>
      special && draw.chance(0.5) ? draw.pick(ends) : draw.int(dtype === DType.Int32 ? -9 : 0, 9),
    );
    const data = dtype === DType.Int32 ? Int32Array.from(numbers) : Uint32Array.from(numbers);
    return new HostArray(data, shape, dtype);
  };
  const [rows, columns, inner] = [draw.size(1, 60), draw.size(1, 60), draw.size(1, 40)];
  const f: Fn = (x, y) => [
    np.matmul(x.ref, y.ref),
    np.sum(x.ref, 0),
    np.sum(y.ref),
    np.prod(x.ref.slice([], [0, Math.min(inner, 3)]), 1),
    np.max(x.ref, 1),
    np.min(x.ref, 0),
    x.ref.mul(x.ref).add(x.ref),
    x.neg(),
    np.sort(y, 1),
  ];
  return { name: "integers", f, inputs: [values([rows, inner]), values([inner, columns])], special };
}

const odd = [Number.NaN, Infinity, -Infinity, -0, 0, 1e-40, -1e-42, 3e38, -3e38, 1e-30, 1, -1];

/** NaN, infinities, −0 and denormals among other numbers. */
function special(draw: Draw): Case {
  const shape = [draw.size(1, 40), draw.size(1, 40)];
  const values = (sizes: Shape): HostArray => {
    const plain = floats(draw, sizes, 3);
    const rate = draw.pick([0.001, 0.05, 0.5]);
    return new HostArray(
      (plain.data as Float32Array).map((x) => (draw.chance(rate) ? draw.pick(odd) : x)),
      sizes,
      DType.Float32,
    );
  };
  const f: Fn = (x, y) => [
    x.ref.add(y.ref).sub(1).add(2),
    x.ref.mul(y.ref.neg()).mul(3),
    x.ref.div(y.ref),
    np.maximum(x.ref, 0),
    np.maximum(x.ref, y.ref),
    np.minimum(x.ref, y.ref),
    np.abs(x.ref),
    np.max(x.ref, 0),
    np.min(x.ref, 1),
    // smaller numbers in sums: where sums of parts overflow depends on their order, in jax-js too
    np.sum(x.ref.mul(2 ** -10), 0),
    np.sort(x.ref, 1),
    np.where(np.less(x.ref, y.ref), x.ref, y.ref),
    np.equal(x.ref, y.ref),
    x.ref.astype(DType.Int32),
    np.sqrt(x.ref),
    np.cumsum(y.mul(2 ** -10), 1),
    np.floor(x),
  ];
  return { name: "special", f, inputs: [values(shape), values(shape)], special: true };
}

/** Sums and products that jax-js writes out: of broadcast arrays, of padded parts, of fixed terms, of scalars. */
function written(draw: Draw): Case {
  const [rows, columns, inner] = [draw.size(1, 200), draw.size(1, 40), draw.int(2, 30)];
  const cut = draw.int(1, inner - 1);
  const f: Fn = (x, w, b, c) => {
    const wide = x.ref.reshape([rows, inner, 1]).mul(w.ref.reshape([1, inner, columns]));
    const parts = (v: A): A => {
      const [left, right] = [v.ref.slice([], [0, cut]), v.slice([], [cut, inner])];
      return np.sum(np.sin(left)).add(np.sum(np.exp(right)));
    };
    const [top, bottom] = np.split(np.transpose(x.ref), [cut], 0) as [A, A];
    const norm = [x, w, b, c].map((v) => np.sum(np.square(v.ref))).reduce((sum, v) => sum.add(v));
    const [high, low] = [np.exp(top), np.tanh(bottom)];
    return [
      np.sum(wide, 1),
      np.matmul(x.ref, w.ref).add(b).add(c),
      np.matmul(np.matmul(np.transpose(x.ref), x.ref), w),
      grad(parts)(x),
      high.ref.div(np.sum(high, 0)),
      low,
      norm,
    ];
  };
  const inputs = [
    floats(draw, [rows, inner]),
    floats(draw, [inner, columns]),
    floats(draw, [columns]),
    floats(draw, [columns]),
  ];
  return { name: "written", f, inputs, fixed: draw.chance(0.5) ? [1, 2, 3] : [] };
}

/** Gradients of gathers with repeated indices, along one axis or two: sums of a million numbers in few places. */
function repeated(draw: Draw): Case {
  const [rows, rest] = [draw.int(2, 9), draw.pick([6, 64])];
  const count = Math.ceil(1_300_000 / rest);
  const isPair = draw.chance(0.5);
  const index = (n: number): HostArray =>
    new HostArray(
      Int32Array.from({ length: count }, () => draw.int(0, n - 1)),
      [count],
      DType.Int32,
    );
  const taken = (table: A, i: A, j: A): A => (isPair ? table.slice(i, j) : np.take(table.slice([], 0), i, 0));
  const f: Fn = (table, i, j, w) => grad((t: A) => np.sum(taken(t, i, j).mul(w)))(table);
  return {
    name: "repeated",
    f,
    inputs: [floats(draw, [rows, 3, rest]), index(rows), index(3), floats(draw, [rest])],
    meeting: true,
  };
}

/** Programs of every size, more of the kinds that reach more passes. */
export const kinds = [
  operations,
  written,
  operations,
  products,
  convolution,
  convolution,
  reductions,
  integers,
  special,
  repeated,
];
