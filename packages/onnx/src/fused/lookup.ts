import type { Expression } from "./expressions.js";
import { operations } from "./operations.js";
import { wasm } from "./wasm.js";

/**
 * Numbers that depend on the interval of an element, one of `ends` + 1: an end belongs to the interval on its right,
 * NaN to the first one.
 */
export type LookupTable = Readonly<{
  /** An input of the kernel. */
  of: Expression;
  ends: number;
  /** The numbers of an interval, as values of an element. */
  row: readonly Expression[];
}>;

/** Numbers in a vector. */
const LANES = 4;
const VECTOR_BYTES = 16;

const vectorsOf = (numbers: number): number => Math.ceil(numbers / LANES);

/**
 * A table in the layout of kernels: its ends in ascending order, then a row of numbers for each interval, both padded
 * to whole vectors.
 */
export function tableData(
  ends: readonly number[],
  rows: readonly (readonly number[])[],
): Float32Array<ArrayBuffer> {
  const filled = (numbers: readonly number[]): number[] =>
    Array.from({ length: LANES * vectorsOf(numbers.length) }, (_, i) => numbers[i] ?? 0);
  return Float32Array.from([...filled(ends), ...rows.flatMap(filled)]);
}

/**
 * Code of a kernel for the table at a parameter, before its loop and for each vector. It counts the ends that an
 * element has reached, which is the row index of its numbers. The rows of four elements are read and transposed.
 */
export function emitLookup(
  { of, ends, row }: LookupTable,
  parameter: number,
  localOf: (of: unknown) => number,
): { before: number[]; each: number[] } {
  const endLocals = Array.from({ length: ends }, (_, i) => localOf(`end ${i}`));
  const before = endLocals.flatMap((local, i) => [
    ...wasm.get(parameter),
    ...wasm.loadSpread(4 * i),
    ...wasm.set(local),
  ]);
  const vectors = vectorsOf(row.length);
  const offsets = localOf("bytes to the row");
  const counted = endLocals.flatMap((local, i) => [
    ...wasm.get(local),
    ...wasm.get(localOf(of)),
    ...wasm.simd(operations.lessEqual.code), // −1 in each lane that has reached it
    ...(i === 0 ? [] : wasm.addLanes),
  ]);
  const found = [
    ...counted,
    ...wasm.int(-VECTOR_BYTES * vectors),
    ...wasm.splatInt,
    ...wasm.multiplyLanes,
    ...wasm.set(offsets),
  ];
  const firstRow = VECTOR_BYTES * vectorsOf(ends);
  const elements = [0, 1, 2, 3].map((lane) => localOf(`element ${lane}`));
  const read = (vector: number): number[] =>
    elements.flatMap((local, lane) => [
      ...wasm.get(offsets),
      ...wasm.lane(lane),
      ...wasm.get(parameter),
      ...wasm.addInts,
      ...wasm.load(firstRow + VECTOR_BYTES * vector),
      ...wasm.set(local),
    ]);
  const numbers = Array.from({ length: vectors }, (_, v) => [
    ...read(v),
    ...transposed(elements, row.slice(LANES * v, LANES * (v + 1)).map(localOf), localOf),
  ]);
  return { before, each: [...found, ...numbers.flat()] };
}

/** SIMD lanes of two vectors; those of the second are 4 to 7. */
const ALTERNATE = { low: [0, 4, 1, 5], high: [2, 6, 3, 7] };
const HALVES = { low: [0, 1, 4, 5], high: [2, 3, 6, 7] };

/** The columns of the matrix whose rows are four vectors. */
function transposed(
  rows: readonly number[],
  columns: readonly number[],
  localOf: (of: unknown) => number,
): number[] {
  const [a, b, c, d] = rows as [number, number, number, number];
  const shuffled = (x: number, y: number, lanes: readonly number[], to: number): number[] => [
    ...wasm.get(x),
    ...wasm.get(y),
    ...wasm.shuffle(lanes),
    ...wasm.set(to),
  ];
  const pair = (half: "low" | "high", [even, odd]: readonly number[]): number[] => {
    if (even === undefined) return [];
    const [ab, cd] = [localOf("half of a, b"), localOf("half of c, d")];
    return [
      ...shuffled(a, b, ALTERNATE[half], ab),
      ...shuffled(c, d, ALTERNATE[half], cd),
      ...shuffled(ab, cd, HALVES.low, even),
      ...(odd === undefined ? [] : shuffled(ab, cd, HALVES.high, odd)),
    ];
  };
  return [...pair("low", columns.slice(0, 2)), ...pair("high", columns.slice(2, 4))];
}
