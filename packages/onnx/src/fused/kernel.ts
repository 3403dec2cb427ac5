import { type Expression, isScalar } from "./expressions.js";
import { operations } from "./operations.js";
import { type WasmFunction, wasm } from "./wasm.js";

/** Vectors of 16 bytes per iteration of a kernel's loop; lengths are rounded up to it. */
const UNROLL = 4;

/** Bytes per iteration: arrays of kernels start at multiples of it and own the memory up to the next one. */
export const BLOCK_BYTES = 16 * UNROLL;

/** Parts of a program that one kernel computes, in the order of the kernel's parameters. */
export type KernelParts = Readonly<{
  /** Input arrays. */
  inputs: readonly Expression[];
  /** Scalars that are arguments of each call. */
  scalars: readonly Expression[];
  /** Operations for each element, operands first. */
  steps: readonly Expression[];
  /** Outputs. */
  outputs: readonly Expression[];
}>;

/**
 * The kernel `(bytes, …inputs, …outputs, …scalars)`: for each vector of four elements all loads, the
 * operations, then all stores. So an output may be the array of an input: element i of the outputs depends only on
 * element i of the inputs.
 */
export function emitKernel({ inputs, scalars, steps, outputs }: KernelParts): WasmFunction {
  const arrays = inputs.length + outputs.length;
  const ints = 1 + arrays;
  const firstLocal = ints + scalars.length;
  const local = new Map<unknown, number>();
  const localOf = (of: unknown): number => {
    const found = local.get(of) ?? firstLocal + local.size;
    local.set(of, found);
    return found;
  };

  // Before the loop: each scalar in all lanes.
  const numbers = new Set([...steps.flatMap(operandsOf), ...outputs].filter((e) => e.kind === "number"));
  const prologue = [
    ...[...numbers].flatMap((e) => [...wasm.float(e.value), ...spread(e, localOf(e))]),
    ...scalars.flatMap((e, i) => [...wasm.get(ints + i), ...spread(e, localOf(e))]),
  ];

  const vector = (offset: number): number[] => [
    ...inputs.flatMap((e, i) => [...wasm.get(1 + i), ...wasm.load(offset), ...wasm.set(localOf(e))]),
    ...steps.flatMap((e) => [
      ...operandsOf(e).flatMap((operand) => wasm.get(localOf(operand))),
      ...(e.kind === "operation" ? wasm.simd(operations[e.name].code) : []),
      ...wasm.set(localOf(e)),
    ]),
    ...outputs.flatMap((e, i) => [
      ...wasm.get(1 + inputs.length + i),
      ...wasm.get(localOf(e)),
      ...wasm.store(offset),
    ]),
  ];
  const advance = (pointer: number): number[] => [
    ...wasm.get(pointer),
    ...wasm.int(BLOCK_BYTES),
    ...wasm.addInts,
    ...wasm.set(pointer),
  ];
  const body = [
    ...prologue,
    ...wasm.loop,
    ...Array.from({ length: UNROLL }, (_, k) => vector(16 * k)).flat(),
    ...Array.from({ length: arrays }, (_, i) => advance(1 + i)).flat(),
    ...wasm.get(0),
    ...wasm.int(BLOCK_BYTES),
    ...wasm.subtractInts,
    ...wasm.tee(0),
    ...wasm.repeatIf,
    ...wasm.end,
  ];
  return { ints, floats: scalars.length, vectors: local.size, body };
}

const operandsOf = (e: Expression): readonly Expression[] => (e.kind === "operation" ? e.operands : []);

/** Copies a number on the stack to all SIMD lanes of a local; a truth value as ones or zeros. */
const spread = (e: Expression, to: number): number[] => [
  ...wasm.splat,
  ...(e.mask ? [...wasm.float(0), ...wasm.splat, ...wasm.simd(operations.notEqual.code)] : []),
  ...wasm.set(to),
];

/** The scalars among the operands and outputs of a part of a program that are not constants in its code. */
export function scalarsOf(steps: readonly Expression[], outputs: readonly Expression[]): Expression[] {
  const read = [...steps.flatMap(operandsOf), ...outputs];
  return [...new Set(read.filter((e) => isScalar(e) && e.kind !== "number"))];
}
