import { towardsLevelSet } from "./level-set.js";
import type { LinearizedNetwork } from "./linearized.js";

/** Steps of Levenberg and Marquardt that a step of the way may take. */
const CORRECTIONS = 12;
/** A step is given up where it is shorter than this part of the way that is behind it, or of the whole way. */
const SHORTEST = { ofBehind: 1 / 64, ofAll: 2 ** -48 };
/** Steps at most, those that are taken back included. */
const MOST_STEPS = 200;

/** Examples, and of each how much of its way it has gone, from 0 to 1. */
export type Gone = Readonly<{ examples: Float32Array; ways: Float64Array }>;

/** Puts into `x`, which holds an example, where it is tried next: at `to` of its way, coming from `from`; into `y` what f shall give there. */
type Aim = (example: number, from: number, to: number, x: Float32Array, y: Float32Array) => void;

/**
 * From examples with results y to others, as far as it goes with f(x) = y all along: a step is a part of the straight line to where
 * it ends, and then the short way back onto the level set (`ontoLevelSet`). The first step is the whole way; one that does not come back
 * is halved, and one that does makes the next twice as long.
 */
export function alongLevelSet(
  f: LinearizedNetwork,
  examples: Float32Array,
  ends: Float32Array,
  y: Float32Array,
  tolerance: number,
): Promise<Gone> {
  const { inSize: n, outSize: m } = f;
  return follow(f, examples, tolerance, (example, from, to, x, wanted) => {
    const part = (to - from) / (1 - from);
    for (let i = 0; i < n; i++) x[i]! += part * (ends[example * n + i]! - x[i]!);
    wanted.set(y.subarray(example * m, (example + 1) * m));
  });
}

/** From examples to some near them whose results are y, as far as it goes: f(x) is led from what it is to y in steps. */
export async function towardsResults(
  f: LinearizedNetwork,
  examples: Float32Array,
  y: Float32Array,
  tolerance: number,
): Promise<Gone> {
  const { outSize: m } = f;
  const before = await f.values(examples);
  return follow(f, examples, tolerance, (example, _from, to, _x, wanted) => {
    for (let i = 0, at = example * m; i < m; i++, at++) wanted[i] = before[at]! + to * (y[at]! - before[at]!);
  });
}

async function follow(f: LinearizedNetwork, begin: Float32Array, tolerance: number, aim: Aim): Promise<Gone> {
  const { inSize: n, outSize: m } = f;
  const examples = Float32Array.from(begin);
  const ways = new Float64Array(examples.length / n);
  const steps = new Float64Array(ways.length).fill(1);
  const goesOn = (example: number): boolean =>
    steps[example]! > Math.max(SHORTEST.ofBehind * ways[example]!, SHORTEST.ofAll);
  for (let round = 0; round < MOST_STEPS; round++) {
    const going = filledUp(Array.from(ways.keys()).filter(goesOn));
    if (going.length === 0) break;
    const tried = rowsAt(examples, n, going);
    const goals = new Float32Array(going.length * m);
    going.forEach((example, k) => {
      const [x, y] = [tried.subarray(k * n, (k + 1) * n), goals.subarray(k * m, (k + 1) * m)];
      aim(example, ways[example]!, ways[example]! + steps[example]!, x, y);
    });
    const moved = await towardsLevelSet(f, tried, goals, { tolerance, steps: CORRECTIONS });
    new Set(going).forEach((example) => {
      const k = going.indexOf(example);
      const step = steps[example]!;
      if (moved.missing[k]! <= tolerance) {
        examples.set(moved.examples.subarray(k * n, (k + 1) * n), example * n);
        ways[example]! += step;
        steps[example] = Math.min(2 * step, 1 - ways[example]!);
      } else steps[example] = step / 2;
    });
  }
  return { examples, ways };
}

/** Up to a power of two by repeating the first: a few sizes of batch, each compiled once, serve all. */
export function filledUp(examples: readonly number[]): number[] {
  if (examples.length === 0) return [];
  const size = 2 ** Math.ceil(Math.log2(examples.length));
  return Array.from({ length: size }, (_, i) => examples[i] ?? examples[0]!);
}

/** Some rows of `width` numbers. */
export function rowsAt(values: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const result = new Float32Array(rows.length * width);
  for (const [to, from] of rows.entries())
    result.set(values.subarray(from * width, (from + 1) * width), to * width);
  return result;
}
