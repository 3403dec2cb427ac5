import { DataError, UsageError } from "@flowify/core";
import { makeRng, type Rng } from "@flowify/core/layer";
import { type Outcome, outcomeOf } from "./call-simulator.js";
import type { Prior } from "./priors.js";

/** An observation from parameters, with random numbers: always the same number of numbers. */
export type Simulator = (theta: Float64Array, random: Rng) => ArrayLike<number>;

/** Default of `mostFailures`. */
export const MOST_FAILURES = 0.1;

export type SimulateOptions = {
  /** Decides everything random. Default 0. */
  seed?: number;
  /** Largest share of simulations that may fail. Default 0.1. */
  mostFailures?: number;
};

/** Pairs of parameters and observations, one after another. */
export type Simulated = Readonly<{
  count: number;
  parameters: Float64Array;
  observations: Float64Array;
  observationSize: number;
  failures: number;
}>;

/** What a simulator is called with. */
export type SimulatorCall = Readonly<{ theta: Float64Array; random: Rng }>;

/** Calls a simulator so many times: what came of it, in the order of the calls. */
export type RunSimulator = (calls: Iterable<SimulatorCall>, count: number) => AsyncIterable<Outcome>;

/** Says what is likely a mistake, and which kind it is. */
export type Warn = (code: "OUTSIDE" | "CONSTANT_CONDITION", message: string) => void;

/** One call after another, in this thread. */
export const inThisThread = (simulate: Simulator): RunSimulator =>
  async function* (calls) {
    for (const { theta, random } of calls) yield outcomeOf(simulate, theta.slice(), random);
  };

/** Calls, and milliseconds, after which other events of the thread get their turn. */
const [BREATH, LONGEST] = [256, 200] as const;

/** Runs the simulator for draws of the prior; run i is a function of (seed, i). */
export async function simulateAll(
  prior: Pick<Prior, "sample">,
  run: RunSimulator,
  count: number,
  {
    seed = 0,
    mostFailures = MOST_FAILURES,
    onProgress,
  }: SimulateOptions & { onProgress?: (done: number) => void },
): Promise<Simulated> {
  const thetas: Float64Array[] = [];
  function* calls(): Generator<SimulatorCall> {
    for (let i = 0; i < count; i++) {
      const random = makeRng(seed, 3, i);
      const theta = Float64Array.from(prior.sample(random));
      thetas.push(theta);
      yield { theta, random };
    }
  }
  const parameters: number[] = [];
  const observations: number[] = [];
  let [done, size, failures, reason] = [0, 0, 0, ""];
  let told = performance.now();
  for await (const outcome of run(calls(), count)) {
    const theta = thetas[done++] as Float64Array;
    const why = whyNot(outcome, size);
    if ("x" in outcome) size = outcome.x.length;
    if ("x" in outcome && why === undefined) {
      parameters.push(...theta);
      for (const value of outcome.x) observations.push(value);
    } else {
      failures++;
      reason ||= `for θ = [${theta.join(", ")}] it ${why}`;
      if (failures > mostFailures * count)
        throw new DataError(
          `simulate: ${failures} of the first ${done} simulations failed; ${reason}\nmend the simulator, narrow the prior, or raise mostFailures`,
        );
    }
    if (done % BREATH !== 0 && performance.now() - told < LONGEST) continue;
    onProgress?.(done / count);
    await new Promise<void>((next) => setTimeout(next, 0));
    told = performance.now();
  }
  return {
    count: count - failures,
    parameters: Float64Array.from(parameters),
    observations: Float64Array.from(observations),
    observationSize: size,
    failures,
  };
}

/** Why an outcome is a failure. Errors: `UsageError` where no simulator of posteriors returns it. */
function whyNot(outcome: Outcome, size: number): string | undefined {
  if ("failed" in outcome) return outcome.failed;
  if ("kind" in outcome) throw new UsageError(`simulate: expected a list of numbers, got ${outcome.kind}`);
  const { x } = outcome;
  if (x.length === 0)
    throw new UsageError("simulate: returned an empty list, expected at least one number each time");
  if (size > 0 && x.length !== size) throw otherLength(x.length, size);
  const bad = x.find((value) => !Number.isFinite(value));
  return bad === undefined ? undefined : `gave ${bad}`;
}

const otherLength = (found: number, before: number): UsageError =>
  new UsageError(
    `simulate: gave ${found} numbers, and ${before} before: expected the same number each time\nwhere an observation has any number of rows, tell posterior so: rows: [most, numbers of a row]`,
  );

/** Simulations of two rounds. Errors: `UsageError` where their observations have different lengths. */
export function joined(a: Simulated, b: Simulated): Simulated {
  if (a.observationSize !== b.observationSize) throw otherLength(b.observationSize, a.observationSize);
  const both = (x: Float64Array, y: Float64Array): Float64Array => Float64Array.from([...x, ...y]);
  return {
    count: a.count + b.count,
    parameters: both(a.parameters, b.parameters),
    observations: both(a.observations, b.observations),
    observationSize: a.observationSize,
    failures: a.failures + b.failures,
  };
}
