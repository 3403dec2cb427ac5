import { DataError, type Executor, type FlowModel, fastestExecutor } from "@flowify/core";
import { checkOptions } from "@flowify/core/internal";
import { withOwnExecutor } from "../ensemble.js";
import { logMean } from "../statistics.js";
import { exportLikelihood } from "./export.js";
import { type MembersOptions, memberSchemas, trainMembers } from "./members.js";
import { conditionOf, type Scaling, scaled, scalingOf } from "./scaling.js";
import { inThisThread, type Simulated } from "./simulate.js";
import { type Places, type SimulatedOptions, simulatedSchemas, simulatePrior } from "./train.js";

export type LikelihoodOptions = SimulatedOptions & MembersOptions;

/** What `likelihood` does, anywhere. */
export async function trainLikelihood(
  options: LikelihoodOptions,
  { open = fastestExecutor, run = inThisThread(options.simulate) }: Places = {},
): Promise<Likelihood> {
  checkOptions("likelihood", { ...simulatedSchemas, ...memberSchemas }, options);
  const { prior, seed = 0, onProgress = () => {} } = options;
  const pairs = await simulatePrior("likelihood", options, run, options.simulations);
  const { observations, observationSize, parameters } = pairs;
  const [x, theta] = [scalingOf(observations, observationSize), scalingOf(parameters, prior.size)];
  return withOwnExecutor(options.executor, open, async (executor, own) => {
    const members = await trainMembers(
      executor,
      {
        data: scaled(observations, x),
        size: observationSize,
        condition: scaled(parameters, theta),
        conditionSize: prior.size,
      },
      { ...options, seed, onProgress: (done) => onProgress("training", done) },
    );
    return new Likelihood({ members, pairs, x, theta, executor: own });
  });
}

/** What a likelihood is made of. */
type Parts = Readonly<{
  members: readonly FlowModel[];
  pairs: Simulated;
  x: Scaling;
  theta: Scaling;
  executor: Executor | undefined;
}>;

/** The likelihood of a simulator: densities of observations given parameters. */
export class Likelihood {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Simulations that failed or had numbers that are not finite, and were left out. */
  get failures(): number {
    return this.#parts.pairs.failures;
  }

  /**
   * log q(x | θ) of pairs, in nats: the function that samplers and optimizers need. One observation goes with all parameters,
   * and one θ with all observations.
   *
   * @throws DataError for lists of different lengths, or rows that are no observation or no θ
   */
  async logProb(
    observed: readonly ArrayLike<number>[],
    thetas: readonly ArrayLike<number>[],
  ): Promise<Float64Array> {
    const { members, x, theta } = this.#parts;
    const count = Math.max(observed.length, thetas.length);
    if ([observed, thetas].some(({ length }) => length === 0 || (length !== 1 && length !== count)))
      throw new DataError(
        `logProb: expected as many observations as parameters, or one, got ${observed.length} and ${thetas.length}`,
      );
    const all = (rows: readonly Float32Array[]): Float32Array =>
      Float32Array.from(
        Array.from({ length: count }, (_, i) => [...(rows[i % rows.length] as Float32Array)]).flat(),
      );
    const u = all(observed.map((row) => conditionOf(row, x)));
    const condition = all(thetas.map((row) => conditionOf(row, theta, "theta")));
    const logs = await Promise.all(members.map((member) => member.logProb(u, { condition })));
    const size = x.spread.length;
    return Float64Array.from({ length: count }, (_, i) => {
      // log |dx / du| = log spread + log cosh u
      const slope = x.spread.reduce(
        (sum, spread, k) => sum + Math.log(spread * Math.cosh(u[i * size + k] as number)),
        0,
      );
      return logMean(logs.map((log) => log[i] as number)) - slope;
    });
  }

  /** One ONNX file: `observation` [batch, d] and `theta` [batch, n] to `log_likelihood` [batch], log q(x | θ) in nats. */
  toOnnx(): Uint8Array {
    const { members, x, theta } = this.#parts;
    return exportLikelihood(members, x, theta);
  }

  /** Releases the memory. */
  async dispose(): Promise<void> {
    const { members, executor } = this.#parts;
    for (const member of members) await member.dispose();
    await executor?.dispose();
  }
}
