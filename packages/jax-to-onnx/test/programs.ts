import { lax, nn, numpy as np } from "@jax-js/jax";
import fc from "fast-check";

type A = np.Array;

/**
 * Random small programs. A program works on a growing list of arrays: each instruction takes some of
 * them by number and appends its result. Constants are dyadic (traced programs hold literals in
 * float32) and no comparison is between numbers that can be equal up to rounding.
 */
type Instruction = Readonly<{ op: number; a: number; b: number; choice: number }>;
export type Program = Readonly<{
  inputs: readonly number[][];
  code: readonly Instruction[];
  /** Most elements of an array; operations with larger results are left out. */
  largest: number;
}>;

const size = (shape: readonly number[]): number => shape.reduce((n, m) => n * m, 1);

const instruction = fc.record({ op: fc.nat(999), a: fc.nat(99), b: fc.nat(99), choice: fc.nat(999) });

/** Programs on arrays of at most `largest` elements, with axes of at most `longest`. */
export function programsUpTo(largest: number, longest: number): fc.Arbitrary<Program> {
  const shape = fc
    .array(fc.integer({ min: 1, max: longest }), { minLength: 1, maxLength: 3 })
    .filter((sizes) => size(sizes) <= largest);
  return fc.record({
    inputs: fc.array(shape, { minLength: 2, maxLength: 3 }),
    code: fc.array(instruction, { minLength: 2, maxLength: 12 }),
    largest: fc.constant(largest),
  });
}

export const programs = programsUpTo(96, 4);

/** An operation borrows its operands; undefined where it does not apply to these shapes. */
type Operation = (a: A, b: A, choice: number, largest: number) => A | undefined;

function broadcasts(a: A, b: A, largest: number): boolean {
  const rank = Math.max(a.ndim, b.ndim);
  const at = (v: A, i: number) => v.shape[v.ndim - rank + i] ?? 1;
  const dims = Array.from({ length: rank }, (_, i) => [at(a, i), at(b, i)] as const);
  return (
    dims.every(([n, m]) => n === m || n === 1 || m === 1) &&
    size(dims.map(([n, m]) => Math.max(n, m))) <= largest
  );
}

const both =
  (f: (a: A, b: A) => A): Operation =>
  (a, b, _choice, largest) =>
    broadcasts(a, b, largest) ? f(a.ref, b.ref) : undefined;

const one =
  (f: (a: A) => A): Operation =>
  (a) =>
    f(a.ref);

/** The operand with an axis, counted by the choice; no axis, no operation. */
const onAxis =
  (f: (a: A, axis: number, choice: number, largest: number) => A | undefined): Operation =>
  (a, _b, choice, largest) =>
    a.ndim === 0 ? undefined : f(a, choice % a.ndim, Math.floor(choice / 4), largest);

const rotated = (n: number, by: number): number[] => Array.from({ length: n }, (_, i) => (i + by) % n);

/** A shape of the same size: two neighbouring axes merged, or one axis split. */
function regrouped(from: readonly number[], choice: number): number[] {
  const i = choice % from.length;
  const n = from[i] as number;
  if (choice % 2 === 0 && i + 1 < from.length) return from.toSpliced(i, 2, n * (from[i + 1] as number));
  if (n % 2 === 0) return from.toSpliced(i, 1, 2, n / 2);
  return choice % 3 === 0 ? [size(from)] : from.toSpliced(i, 0, 1);
}

const operations: readonly Operation[] = [
  both((a, b) => a.add(b)),
  both((a, b) => a.sub(b)),
  both((a, b) => a.mul(b)),
  both((a, b) => a.div(np.square(b).add(1))),
  both((a, b) => np.where(np.less(a.ref, 0.3125), a, b)),
  one((a) => np.sin(a)),
  one((a) => np.cos(a.mul(2))),
  one((a) => np.exp(np.clip(a, -1.0625, 0.5625))),
  one((a) => np.log(np.square(a).add(0.5))),
  one((a) => np.sqrt(np.square(a).add(0.25))),
  one((a) => np.tanh(a)),
  one((a) => np.abs(a)),
  one((a) => a.neg()),
  one((a) => nn.relu(a.sub(0.0625))),
  one((a) => nn.sigmoid(a)),
  one((a) => a.mul(0.75).add(-0.125)),
  one((a) => (a.ndim > 0 ? nn.softmax(a, -1) : a)),
  one((a) => (a.ndim > 0 ? np.cumsum(a, -1).mul(0.25) : a)),
  onAxis((a, axis) => np.sum(a.ref, axis).mul(0.5)),
  onAxis((a, axis) => np.sum(a.ref, axis, { keepdims: true }).mul(0.5)),
  onAxis((a, axis) => np.prod(a.ref, axis)),
  onAxis((a, axis) => np.flip(a.ref, axis)),
  onAxis((a, axis, n) => {
    const length = a.shape[axis] as number;
    const range: [number, number][] = a.shape.map((m) => [0, m]);
    range[axis] = [n % length, length];
    return a.ref.slice(...range);
  }),
  onAxis((a, axis, n, largest) => {
    if (size(a.shape) * 3 > largest) return undefined;
    return np.pad(
      a.ref,
      a.shape.map((_, i): [number, number] => (i === axis ? [n % 2, 1] : [0, 0])),
    );
  }),
  onAxis((a, axis) => {
    const n = a.shape[axis] as number;
    return n < 2 ? undefined : np.split(a.ref, [1], axis).reduceRight((x, y) => np.concatenate([x, y], axis));
  }),
  onAxis((a, _axis, n) => np.transpose(a.ref, rotated(a.ndim, n))),
  onAxis((a, _axis, n) => a.ref.reshape(regrouped(a.shape, n))),
  onAxis((a, axis, n, largest) => {
    const wide = a.shape.toSpliced(axis, 0, (n % 3) + 1);
    return wide.length > 4 || size(wide) > largest
      ? undefined
      : np.broadcastTo(a.ref.reshape(a.shape.toSpliced(axis, 0, 1)), wide);
  }),
  (a, b, _choice, largest) => {
    const inner = b.shape[Math.max(0, b.ndim - 2)];
    if (a.ndim === 0 || b.ndim === 0 || a.shape[a.ndim - 1] !== inner) return undefined;
    const lead = (v: A) => v.shape.slice(0, -2);
    const [x, y] = [lead(a), lead(b)];
    if (x.length > 0 && y.length > 0 && x.join() !== y.join()) return undefined;
    return size([
      ...(x.length > y.length ? x : y),
      a.ndim > 1 ? (a.shape.at(-2) as number) : 1,
      b.shape.at(-1) as number,
    ]) > largest
      ? undefined
      : np.matmul(a.ref, b.ref).mul(0.5);
  },
  (a, b, _choice, largest) =>
    a.ndim > 0 &&
    a.ndim === b.ndim &&
    a.shape.slice(1).join() === b.shape.slice(1).join() &&
    size(a.shape) + size(b.shape) <= largest
      ? np.concatenate([a.ref, b.ref], 0)
      : undefined,
  (a, b, choice, largest) => {
    if (a.ndim !== 3 || b.ndim !== 3 || a.shape[1] !== b.shape[1]) return undefined;
    const [stride, before, after, dilation] = [0, 1, 2, 3].map((i) => (choice >> i) & 1) as [
      number,
      number,
      number,
      number,
    ];
    const reach = ((b.shape[2] as number) - 1) * (dilation + 1) + 1;
    const steps = Math.floor(((a.shape[2] as number) + before + after - reach) / (stride + 1)) + 1;
    return steps < 1 || (a.shape[0] as number) * (b.shape[0] as number) * steps > largest
      ? undefined
      : lax
          .convGeneralDilated(a.ref, b.ref, [stride + 1], [[before, after]], { rhsDilation: [dilation + 1] })
          .mul(0.5);
  },
  (a, b, _choice, largest) =>
    size(a.shape) * size(b.shape) <= largest ? np.outer(a.ref.reshape([-1]), b.ref.reshape([-1])) : undefined,
];

/** Runs a program; consumes its inputs and returns its last few arrays. */
export function runProgram({ code, largest }: Program, inputs: readonly A[]): A[] {
  const values = [...inputs];
  for (const { op, a, b, choice } of code) {
    const operation = operations[op % operations.length] as Operation;
    const pick = (n: number) => values[values.length - 1 - (n % Math.min(values.length, 4))] as A;
    const result = operation(pick(a), pick(b), choice, largest);
    if (result !== undefined) values.push(result);
  }
  const results = values.slice(-2);
  for (const value of values.slice(0, -2)) value.dispose();
  return results;
}
