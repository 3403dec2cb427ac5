import { ShapeError, UsageError } from "@flowify/core";
import type { Rng } from "@flowify/core/layer";

const LOG_2PI = Math.log(2 * Math.PI);

/** Where a parameter may lie; ±Infinity where it ends nowhere. */
export type Support = readonly [low: number, high: number];

/** A distribution of parameters θ ∈ Rⁿ before anything is observed. */
export type Prior = Readonly<{
  /** n. */
  size: number;
  /** Of each parameter. */
  support: readonly Support[];
  /** A sample, n numbers. */
  sample(random: Rng): ArrayLike<number>;
  /** log p(θ) in nats; −Infinity outside of the support. */
  logProb(theta: ArrayLike<number>): number;
}>;

const REAL: Support = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** One number for each parameter. Errors: `ShapeError` for lists of different lengths. */
function columns(name: string, ...given: (number | readonly number[])[]): number[][] {
  const lists = given.map((each) => (typeof each === "number" ? [each] : [...each]));
  const size = Math.max(...lists.map(({ length }) => length));
  for (const list of lists)
    if (size === 0 || (list.length !== size && list.length !== 1))
      throw new ShapeError(
        `${name}: expected as many numbers of each kind, got ${lists.map((l) => l.length).join(" and ")}`,
      );
  for (const value of lists.flat())
    if (!Number.isFinite(value)) throw new UsageError(`${name}: expected finite numbers, got ${value}`);
  return lists.map((list) => (list.length === size ? list : new Array<number>(size).fill(list[0] as number)));
}

/** Independent parameters, each by a function of one number. */
function independent(
  size: number,
  support: (i: number) => Support,
  sample: (i: number, random: Rng) => number,
  logProb: (i: number, value: number) => number,
): Prior {
  return Object.freeze({
    size,
    support: Array.from({ length: size }, (_, i) => support(i)),
    sample: (random: Rng) => Float64Array.from({ length: size }, (_, i) => sample(i, random)),
    logProb(theta: ArrayLike<number>) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += logProb(i, theta[i] as number);
      return sum;
    },
  });
}

function expectPositive(name: string, what: string, values: readonly number[]): void {
  for (const value of values)
    if (!(value > 0)) throw new UsageError(`${name}: ${what} must be above 0, got ${value}`);
}

/** Uniform numbers of 53 bits on (0, 1). */
const fine = (random: Rng): number => (random.bits() + (random.bits() + 0.5) / 2 ** 32) / 2 ** 32;

/**
 * θ_i ~ U(low_i, high_i), independent.
 *
 * @example
 * ```ts
 * import { uniform } from "flowify/posterior";
 * console.log(uniform([-1, 0], [1, 10]).logProb([0, 5]).toFixed(3)); // −log 20
 * // -2.996
 * ```
 */
export function uniform(low: number | readonly number[], high: number | readonly number[]): Prior {
  const [from = [], to = []] = columns("uniform", low, high);
  expectPositive(
    "uniform",
    "high − low",
    from.map((a, i) => (to[i] as number) - a),
  );
  const width = (i: number): number => (to[i] as number) - (from[i] as number);
  return independent(
    from.length,
    (i) => [from[i] as number, to[i] as number],
    (i, random) => (from[i] as number) + width(i) * fine(random),
    (i, value) =>
      value >= (from[i] as number) && value <= (to[i] as number)
        ? -Math.log(width(i))
        : Number.NEGATIVE_INFINITY,
  );
}

const normalLog = (x: number, mean: number, std: number): number =>
  -0.5 * ((x - mean) / std) ** 2 - Math.log(std) - 0.5 * LOG_2PI;

/** θ_i ~ N(mean_i, std_i²), independent. */
export function normal(mean: number | readonly number[], std: number | readonly number[]): Prior {
  const [middle = [], spread = []] = columns("normal", mean, std);
  expectPositive("normal", "std", spread);
  return independent(
    middle.length,
    () => REAL,
    (i, random) => (middle[i] as number) + (spread[i] as number) * random.normal(),
    (i, value) => normalLog(value, middle[i] as number, spread[i] as number),
  );
}

/** log θ_i ~ N(mean_i, std_i²), independent: θ_i > 0. */
export function logNormal(mean: number | readonly number[], std: number | readonly number[]): Prior {
  const [middle = [], spread = []] = columns("logNormal", mean, std);
  expectPositive("logNormal", "std", spread);
  return independent(
    middle.length,
    () => [0, Number.POSITIVE_INFINITY],
    (i, random) => Math.exp((middle[i] as number) + (spread[i] as number) * random.normal()),
    (i, value) =>
      value > 0
        ? normalLog(Math.log(value), middle[i] as number, spread[i] as number) - Math.log(value)
        : Number.NEGATIVE_INFINITY,
  );
}

/** Several priors side by side: the parameters of the first come first. */
export function independently(...priors: readonly Prior[]): Prior {
  if (priors.length === 0) throw new UsageError("independently: expected at least one prior");
  return Object.freeze({
    size: priors.reduce((sum, { size }) => sum + size, 0),
    support: priors.flatMap(({ support }) => support),
    sample: (random: Rng) => Float64Array.from(priors.flatMap((prior) => Array.from(prior.sample(random)))),
    logProb(theta: ArrayLike<number>) {
      const all = Array.from(theta);
      let from = 0;
      return priors.reduce((sum, { size, logProb }) => {
        from += size;
        return sum + logProb(all.slice(from - size, from));
      }, 0);
    },
  });
}

/**
 * Checks a prior by its own samples.
 *
 * @throws UsageError where a sample has another length, lies outside of the support, or has no density
 */
export function checkPrior(prior: Prior, random: Rng): void {
  const { size, support } = prior ?? {};
  if (
    size === undefined ||
    support === undefined ||
    typeof prior.sample !== "function" ||
    typeof prior.logProb !== "function"
  )
    throw new UsageError(
      "prior: expected uniform(low, high), normal(mean, std) or { size, support, sample, logProb }",
    );
  if (!Number.isSafeInteger(size) || size < 1 || support?.length !== size)
    throw new UsageError(
      `prior: expected { size, support, sample, logProb } with a support for each of ${size} parameters`,
    );
  for (const [i, ends] of support.entries())
    if (!Array.isArray(ends) || ends.length !== 2 || !(ends[0] < ends[1]))
      throw new UsageError(
        `prior: the support of parameter ${i} is ${Array.isArray(ends) ? `[${ends.join(", ")}]` : String(ends)}, expected [low, high]\nInfinity and -Infinity are ends of parameters without any`,
      );
  for (let k = 0; k < 16; k++) {
    const draw = prior.sample(random);
    if (draw.length !== size)
      throw new UsageError(`prior: sample gives ${draw.length} numbers, expected ${size}`);
    for (const [i, [low, high]] of support.entries()) {
      const value = draw[i] as number;
      if (!(value >= low && value <= high))
        throw new UsageError(
          `prior: sample gives ${value} for parameter ${i}, whose support is ${low} to ${high}`,
        );
    }
    const log = prior.logProb(draw);
    if (!Number.isFinite(log))
      throw new UsageError(
        `prior: log p of its own draw [${Array.from(draw).join(", ")}] is ${log}\nlogProb and sample must be of one distribution`,
      );
  }
}
