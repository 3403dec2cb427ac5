import { MemoryError } from "../errors.js";
import type { Executor } from "../executor/executor.js";
import type { Flow } from "../flow.js";
import { sizeOf } from "../shape.js";
import { makeStepper, type StepperOptions } from "./stepper.js";

/** Fewest examples in a part of a batch. */
const SMALLEST_PART = 8;

/** Steps that each number of parts is timed for; the first is not counted. */
const TIMED_STEPS = 3;

/** Where none is timed: fewest examples in a part, and numbers that are worth as much as this many parameters (measured). */
const USUAL_PART = 16;
const MADE = 8;

type Stepper = Awaited<ReturnType<typeof makeStepper>>;

/**
 * Numbers of equal parts of so many examples that the executor can compute side by side, each on a worker: 1, 2, 4, …
 * Every part has a gradient of every parameter, to be copied and added up, and goes through every node of the program, so
 * what pays depends on network, batch and machine.
 */
export function partsToTry({ workers = 1, mostWorkers = workers }: Executor, examples: number): number[] {
  const all: number[] = [];
  for (let parts = 1; parts <= mostWorkers; parts *= 2)
    if (parts === 1 || (examples % parts === 0 && examples / parts >= SMALLEST_PART)) all.push(parts);
  return all;
}

/** The most equal parts of so many examples, at most `wanted`, that the executor can compute side by side. */
export function partsWithin(
  { workers = 1, mostWorkers = workers }: Executor,
  examples: number,
  wanted: number,
): number {
  let parts = Math.min(wanted, mostWorkers);
  while (parts > 1 && (examples % parts !== 0 || examples / parts < SMALLEST_PART)) parts--;
  return parts;
}

/**
 * The number of parts where none is timed: one for each of the usual workers where a batch makes many numbers on
 * its way beside those of the parameters, as with convolutions, and one with wide dense layers.
 */
export function usualParts(flow: Flow, executor: Executor, examples: number, parameters: number): number {
  const { workers = 1 } = executor;
  const made = flow.chain.layers.reduce((sum, { outShape }) => sum + sizeOf(outShape), 0);
  const fits = examples % workers === 0 && examples / workers >= USUAL_PART;
  return fits && MADE * examples * made >= parameters ? workers : 1;
}

/**
 * The stepper of the fastest of some numbers of parts, by a few steps of each from the start, which change nothing, and the
 * milliseconds of one of its steps; without `isTimed`, of the first number. One
 * that the memory has no room for does not count, except the first.
 */
export async function fastestStepper(
  options: Omit<StepperOptions, "parts">,
  { candidates, isTimed }: { candidates: readonly number[]; isTimed: boolean },
  step: (stepper: Stepper) => Promise<unknown>,
): Promise<{ stepper: Stepper; parts: number; ms?: number }> {
  let best: { stepper: Stepper; parts: number; ms: number } | undefined;
  for (const parts of candidates) {
    try {
      const stepper = await makeStepper({ ...options, parts });
      if (!isTimed) return { stepper, parts };
      const ms = await timed(stepper, step, await options.start());
      const [kept, left] = best && best.ms <= ms ? [best, stepper] : [{ stepper, parts, ms }, best?.stepper];
      best = kept;
      await left?.dispose();
    } catch (error) {
      if (best === undefined || !(error instanceof MemoryError)) throw error;
    }
  }
  return best as { stepper: Stepper; parts: number; ms: number };
}

/** Milliseconds of the fastest of a few steps; the state is as before. */
async function timed(
  stepper: Stepper,
  step: (stepper: Stepper) => Promise<unknown>,
  before: Awaited<ReturnType<StepperOptions["start"]>>,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < TIMED_STEPS; k++) {
    const began = performance.now();
    await step(stepper);
    if (k > 0) least = Math.min(least, performance.now() - began);
  }
  await stepper.restore(before);
  return least;
}
