import { DataError, UsageError } from "@flowify/core";
import { makeRng, type Rng } from "@flowify/core/layer";
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

/** Runs the simulator for draws of the prior; run i is a function of (seed, i). */
export async function simulateAll(
  prior: Pick<Prior, "sample">,
  simulate: Simulator,
  count: number,
  {
    seed = 0,
    mostFailures = MOST_FAILURES,
    onProgress,
  }: SimulateOptions & { onProgress?: (done: number) => void },
): Promise<Simulated> {
  const parameters: number[] = [];
  const observations: number[] = [];
  let [size, failures, reason] = [0, 0, ""];
  for (let i = 0; i < count; i++) {
    const random = makeRng(seed, 3, i);
    const theta = Float64Array.from(prior.sample(random));
    try {
      const x = simulate(theta.slice(), random);
      if (typeof x?.length !== "number")
        throw new UsageError(
          `simulate: expected a list of numbers, got ${x instanceof Promise ? "a promise" : typeof x}`,
        );
      if (size === 0) size = x.length;
      if (size === 0)
        throw new UsageError("simulate: returned an empty list, expected at least one number each time");
      if (x.length !== size)
        throw new UsageError(
          `simulate: gave ${x.length} numbers, and ${size} before: expected the same number each time`,
        );
      const bad = Array.from(x).find((value) => !Number.isFinite(value));
      if (bad !== undefined) throw new DataError(`gave ${bad}`);
      parameters.push(...theta);
      for (let k = 0; k < size; k++) observations.push(x[k] as number);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      failures++;
      reason ||= `for θ = [${theta.join(", ")}] it ${error instanceof DataError ? error.message : `threw ${String(error)}`}`;
      if (failures > mostFailures * count)
        throw new DataError(
          `simulate: ${failures} of the first ${i + 1} simulations failed; ${reason}\nmend the simulator, narrow the prior, or raise mostFailures`,
        );
    }
    if (i % 256 === 255) {
      onProgress?.((i + 1) / count);
      await new Promise<void>((done) => setTimeout(done, 0));
    }
  }
  return {
    count: count - failures,
    parameters: Float64Array.from(parameters),
    observations: Float64Array.from(observations),
    observationSize: size,
    failures,
  };
}

/** Simulations of two rounds. Errors: `UsageError` where their observations have different lengths. */
export function joined(a: Simulated, b: Simulated): Simulated {
  if (a.observationSize !== b.observationSize)
    throw new UsageError(
      `simulate: gave ${b.observationSize} numbers, and ${a.observationSize} before: expected the same number each time`,
    );
  const both = (x: Float64Array, y: Float64Array): Float64Array => Float64Array.from([...x, ...y]);
  return {
    count: a.count + b.count,
    parameters: both(a.parameters, b.parameters),
    observations: both(a.observations, b.observations),
    observationSize: a.observationSize,
    failures: a.failures + b.failures,
  };
}
