import type { Executor, FlowModel } from "@flowify/core";
import { DataError, UsageError } from "@flowify/core";
import { checkOptions, NO_ROW, optionSchemas as o } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { rowsIn } from "../rows.js";
import { logMean } from "../statistics.js";
import type { Bijection } from "./bijections.js";
import { type DiagnoseOptions, type Diagnosis, diagnosePosterior, diagnoseSchemas } from "./diagnose.js";
import { exportDraws } from "./export.js";
import type { Rows } from "./filled-rows.js";
import { type ImportanceOptions, type Weighted, weighted } from "./importance.js";
import type { Prior } from "./priors.js";
import { conditionOf, type Scaling } from "./scaling.js";
import { type RunSimulator, type Simulated, simulateAll, type Warn } from "./simulate.js";
import { type Typicality, typicalityOf } from "./typicality.js";

/** The observation, as the simulator returns it. */
export type Observed = { observed: ArrayLike<number> };

/** What a posterior is made of. */
type Parts = Readonly<{
  prior: Prior;
  run: RunSimulator;
  /** Largest share of simulations that may fail. */
  mostFailures: number;
  members: readonly FlowModel[];
  lines: readonly Bijection[];
  scaling: Scaling;
  pairs: Simulated;
  /** The one observation that it is for, if it is. */
  only: ArrayLike<number> | undefined;
  /** Where it computes, if it has to close that. */
  executor: Executor | undefined;
  /** Called once about an observation outside of everything simulated. */
  warn: Warn | undefined;
}>;

function checkCall(what: string, n: number, options: object): void {
  checkOptions(what, { n: o.integer(1) }, { n });
  checkOptions(what, { observed: o.anything, seed: o.seed }, options);
}

/** Draws, densities and checks of a posterior. */
export class Posterior {
  readonly #parts: Parts;
  #typicality: ((condition: Float32Array) => Typicality) | undefined;
  #hasWarned = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get prior(): Prior {
    return this.#parts.prior;
  }

  /** Simulations that failed or had numbers that are not finite, and were left out. */
  get failures(): number {
    return this.#parts.pairs.failures;
  }

  /** The flows whose mixture it is. */
  get members(): readonly FlowModel[] {
    return this.#parts.members;
  }

  /** Where observations are rows: how many at most, and how many numbers each has. */
  get rows(): Rows | undefined {
    return this.#parts.scaling.rows;
  }

  /** The condition of an observation. Errors: `UsageError` for none; `DataError` for another than the one that rounds narrowed down to. */
  #condition(observed: ArrayLike<number> | undefined): Float32Array {
    const { only, scaling } = this.#parts;
    if (observed === undefined)
      throw new UsageError(
        "posterior: the observation is missing\npass it as the simulator returns it: { observed: [1, 2] }",
      );
    const condition = conditionOf(observed, scaling);
    if (only && condition.some((_, i) => observed[i] !== only[i]))
      throw new DataError(
        `observed: this posterior is for [${Array.from(only).join(", ")}] alone, which its rounds looked at\nleave out observed in posterior() for one of any observation`,
      );
    return condition;
  }

  /** The same, said of once where it lies outside of everything simulated. */
  #asked(observed: ArrayLike<number> | undefined): Float32Array {
    const condition = this.#condition(observed);
    const { warn } = this.#parts;
    const note = warn && !this.#hasWarned && this.#typicalityAt(condition).note;
    if (note) {
      this.#hasWarned = true;
      warn("OUTSIDE", note);
    }
    return condition;
  }

  #typicalityAt(condition: Float32Array): Typicality {
    this.#typicality ??= typicalityOf(this.#parts.pairs, this.#parts.scaling);
    return this.#typicality(condition);
  }

  /** n draws of θ given the observation, a row each. */
  async sample(n: number, options: Observed & { seed?: number }): Promise<Float64Array[]> {
    checkCall("sample", n, options);
    const { observed, seed = 0 } = options ?? {};
    return rowsIn(await this.sampleEach([observed], n, { seed }), this.prior.size);
  }

  /** n draws of θ given each observation, one after another. */
  sampleEach(
    observations: readonly ArrayLike<number>[],
    n: number,
    { seed = 0 }: { seed?: number } = {},
  ): Promise<Float64Array> {
    return this.#sampleEach(
      observations.map((observed) => this.#asked(observed)),
      n,
      seed,
    );
  }

  async #sampleEach(conditions: readonly Float32Array[], n: number, seed: number): Promise<Float64Array> {
    const { members, lines } = this.#parts;
    const size = lines.length;
    const rng = makeRng(seed, 2);
    const chosen = Uint32Array.from({ length: conditions.length * n }, () => rng.integer(members.length));
    const out = new Float64Array(chosen.length * size);
    for (const [k, member] of members.entries()) {
      const own = [...chosen.keys()].filter((i) => chosen[i] === k);
      if (own.length === 0) continue;
      const width = (conditions[0] as Float32Array).length;
      const condition = new Float32Array(own.length * width);
      for (const [at, i] of own.entries())
        condition.set(conditions[Math.floor(i / n)] as Float32Array, at * width);
      const u = await member.sampleFlat(own.length, { condition, seed: seed * members.length + k });
      for (const [at, i] of own.entries())
        for (let j = 0; j < size; j++)
          out[i * size + j] = (lines[j] as Bijection).fromReal(u[at * size + j] as number);
    }
    return out;
  }

  /**
   * n observations that the simulator makes of samples of the posterior, a row each: they should look like the observation. Failures
   * are left out, up to the share of the training.
   */
  async predictive(n: number, options: Observed & { seed?: number }): Promise<Float64Array[]> {
    checkCall("predictive", n, options);
    const { run, mostFailures } = this.#parts;
    const { seed = 0 } = options;
    const draws = (await this.sample(n, options)).values();
    const next = { sample: () => draws.next().value as Float64Array };
    // another stream than those of training and diagnosis
    const { observations, observationSize } = await simulateAll(next, run, n, {
      seed: seed + 2 ** 32,
      mostFailures,
    });
    const all = rowsIn(observations, observationSize);
    return this.rows ? all.map((row) => row.filter((value) => value !== NO_ROW)) : all;
  }

  /** log q(θ | x) of each θ, in nats; −Infinity outside of the prior's support. */
  async logProb(theta: readonly ArrayLike<number>[], options: Observed): Promise<Float64Array> {
    checkOptions("logProb", { observed: o.anything }, options);
    const { size, support } = this.prior;
    const condition = this.#asked(options?.observed);
    const inside = theta.map((row) => {
      if (row.length !== size) throw new DataError(`logProb: expected ${size} parameters, got ${row.length}`);
      return support.every(([low, high], i) => (row[i] as number) >= low && (row[i] as number) <= high);
    });
    const { lines, members } = this.#parts;
    const u = theta.map((row) => Array.from(row, (value, i) => (lines[i] as Bijection).toReal(value)));
    const kept = u.filter((_, i) => inside[i]);
    if (kept.length === 0) return new Float64Array(theta.length).fill(Number.NEGATIVE_INFINITY);
    const logs = await Promise.all(members.map((member) => member.logProb(kept, { condition })));
    let at = 0;
    return Float64Array.from(theta, (_, i) => {
      if (!inside[i]) return Number.NEGATIVE_INFINITY;
      const each = logs.map((log) => log[at] as number);
      at++;
      const slope = (u[i] as number[]).reduce(
        (sum, value, k) => sum + (lines[k] as Bijection).logSlope(value),
        0,
      );
      return logMean(each) - slope;
    });
  }

  /** How far an observation lies from the simulated ones. */
  typicality({ observed }: Observed): Typicality {
    return this.#typicalityAt(this.#condition(observed));
  }

  /** Samples with weights for the true posterior, where the likelihood p(x | θ) is known, and how many samples they are worth. */
  importance(n: number, options: ImportanceOptions): Promise<Weighted> {
    checkOptions("importance", { observed: o.anything, logLikelihood: o.callback, seed: o.seed }, options);
    return weighted(this, n, options);
  }

  /** Whether it can be trusted: ranks and expected coverage on fresh simulations. */
  async diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
    checkOptions("diagnose", diagnoseSchemas, options);
    if (this.#parts.only)
      throw new UsageError(
        "diagnose: averages over the prior, and this posterior is for one observation\nleave out observed in posterior()",
      );
    const { prior, run, mostFailures } = this.#parts;
    // its own simulations are typical: nothing to warn of
    const sampleEach = (observations: readonly ArrayLike<number>[], n: number, { seed }: { seed: number }) =>
      this.#sampleEach(
        observations.map((observed) => this.#condition(observed)),
        n,
        seed,
      );
    return diagnosePosterior({ sampleEach }, prior, run, { mostFailures, ...options });
  }

  /**
   * One ONNX file: `observation` [batch, d], `noise` [batch, n] (normal) and `choice` [batch, 1] (uniform on [0, 1)) to `theta`
   * [batch, n], draws of θ, and `log_density` [batch], log q(θ | x) of these in nats.
   */
  toOnnx(): Uint8Array {
    const { support } = this.prior;
    return exportDraws({ ...this.#parts, support });
  }

  /** Releases the memory. */
  async dispose(): Promise<void> {
    const { members, executor } = this.#parts;
    for (const member of members) await member.dispose();
    await executor?.dispose();
  }
}
