import { towardsLevelSet } from "./level-set.js";
import type { LinearizedNetwork } from "./linearized.js";

/** Most Levenberg–Marquardt steps within a step of the path. */
const CORRECTIONS = 12;
/** Steps shorter than this share of the path so far, or of the whole path, are abandoned. */
const SHORTEST = { ofBehind: 1 / 64, ofAll: 2 ** -48 };
/** Most steps, including rejected ones. */
const MOST_STEPS = 200;

/** Examples, and the completed share of each path, from 0 to 1. */
export type Gone = Readonly<{ examples: Float32Array; ways: Float64Array }>;

/**
 * Writes the next trial point to `x`, which holds an example: at `to` of its path, coming from `from`; and its wanted
 * outputs to `y`.
 */
type Aim = (example: number, from: number, to: number, x: Float32Array, y: Float32Array) => void;

/**
 * Moves examples with outputs y toward others as far as possible with f(x) = y along the path. Each step follows a part
 * of the straight line to the end point, and then returns to the level set by the shortest way (`ontoLevelSet`). The
 * first step is the whole path; a step that does not return is halved, and one that does doubles the next.
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

/**
 * Moves examples to nearby ones with outputs y as far as possible: f(x) changes from its present value to y in steps.
 */
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

/** Pads to a power of two by repeating the first example, so that a few compiled batch sizes suffice. */
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
