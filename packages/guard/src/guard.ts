import { upperShare } from "./bounds.js";

/** A number outside the range in which a formula holds, or an option that cannot be; `code` is `DOMAIN`. */
export class DomainError extends Error {
  readonly code = "DOMAIN";
  constructor(message: string) {
    super(message);
    this.name = "DomainError";
  }
}

/** The results of a guarded file, or p-values. */
export type PValues = number | ArrayLike<number> | Readonly<{ p_value: Readonly<{ data: unknown }> }>;

export type GuardOptions = Readonly<{
  /** Held-out examples that p is calibrated by, as `flowify guard` prints them. */
  held: number;
  /** Probability of an alarm, however long inputs stay as they were. Default 0.05. */
  falseAlarms?: number;
}>;

/** What the inputs so far say. */
export type Drift = Readonly<{
  /** Inputs so far. */
  count: number;
  /** The capital of a bet against unchanged inputs: at most 1 on average while nothing changes. */
  evidence: number;
  /** The bet has reached 2 / falseAlarms, now or before. */
  alarm: boolean;
  /** The first input, from 0 on, that speaks for a change; undefined without an alarm. */
  since: number | undefined;
}>;

export type Guard = Readonly<{
  /** Takes the results of the next inputs, in their order. */
  push(result: PValues): Drift;
  /** Forgets all inputs. */
  reset(): void;
}>;

/** Parts of the capital that are bet on a small p, and the most halvings of p. */
const STAKES = [0.02, 0.1, 0.4] as const;
const HALVINGS = 8;

/** A bet: the capital changes by `win` where p is at most `threshold`, else by `loss`; both are logarithms. */
type Bet = {
  readonly threshold: number;
  readonly win: number;
  readonly loss: number;
  /** Log of the capital of all starts until now. */
  capital: number;
  /** Log of the capital since its lowest point, and that point. */
  rise: number;
  since: number;
};

/**
 * Says whether inputs have changed, and since when: a conformal test martingale on the p-values of a guarded file.
 *
 * Each bet multiplies a capital by 1 − s + s [p ≤ t] / u, with u the most that P(p ≤ t) can be given the held-out examples.
 * While nothing changes this is at most 1 on average. The start of the change is unknown, so that a part w_i = 1 / log₂(i + 1)
 * − 1 / log₂(i + 2) of the capital enters the bet at input i; these sum to 1. An alarm is a mean capital of 2 / falseAlarms. By
 * Ville's inequality this happens with a probability of falseAlarms / 2 at most; with as much, one of the u is too small.
 *
 * Sources: Vovk 2021, "Testing randomness online"; Volkhonskiy et al. 2017, "Inductive conformal martingales for
 * change-point detection" (arXiv:1706.03415)
 *
 * @throws DomainError for options out of range; `push` throws it for numbers that are no p-values
 *
 * @example
 * ```ts
 * import { createGuard } from "@flowify/guard";
 *
 * const guard = createGuard({ held: 5000 });
 * for (let i = 0; i < 1000; i++) guard.push((i * 0.618) % 1); // p of usual inputs
 * console.log(guard.push(0.5).alarm);
 * for (let i = 0; i < 100; i++) guard.push(i % 3 === 0 ? 0.001 : 0.4);
 * const { alarm, since } = guard.push(0.001);
 * console.log(alarm, since);
 * // false
 * // true 1001
 * ```
 */
export function createGuard({ held, falseAlarms = 0.05 }: GuardOptions): Guard {
  if (!(Number.isInteger(held) && held >= 1))
    throw new DomainError(
      `held ${held}: expected a positive whole number, the held-out examples of flowify guard`,
    );
  if (!(falseAlarms > 0 && falseAlarms < 1))
    throw new DomainError(`falseAlarms ${falseAlarms}: expected a number between 0 and 1`);
  const enough = Math.log(2 / falseAlarms);
  const bets = betsOf(held, falseAlarms / 2);
  let count = 0;
  let since: number | undefined;
  const reset = (): void => {
    count = 0;
    since = undefined;
    for (const bet of bets) Object.assign(bet, { capital: Number.NEGATIVE_INFINITY, rise: 0, since: 0 });
  };
  reset();
  const drift = (): Drift => {
    const entered = 1 - 1 / Math.log2(count + 2);
    const evidence =
      bets.reduce((sum, { capital }) => sum + Math.exp(capital), 0) / bets.length + 1 - entered;
    return { count, evidence, alarm: since !== undefined, since };
  };
  const take = (p: number): void => {
    if (!(p >= 0 && p <= 1))
      throw new DomainError(
        `input ${count}: p is ${p}, expected a number from 0 to 1\npush p_value of a guarded file`,
      );
    const entering = Math.log(1 / Math.log2(count + 2) - 1 / Math.log2(count + 3));
    for (const bet of bets) {
      const factor = p <= bet.threshold ? bet.win : bet.loss;
      bet.capital = logSum(bet.capital, entering) + factor;
      if (bet.rise <= 0) {
        bet.rise = 0;
        bet.since = count;
      }
      bet.rise += factor;
    }
    count++;
    if (since !== undefined) return;
    if (
      bets.reduce((all, { capital }) => logSum(all, capital), Number.NEGATIVE_INFINITY) -
        Math.log(bets.length) <
      enough
    )
      return;
    since = bets.reduce((best, bet) => (bet.capital > best.capital ? bet : best)).since;
  };
  return {
    push(result) {
      for (const p of valuesOf(result)) take(p);
      return drift();
    },
    reset,
  };
}

function betsOf(held: number, delta: number): Bet[] {
  const ranks = Array.from({ length: HALVINGS }, (_, i) => Math.floor((held + 1) / 2 ** (i + 1))).filter(
    (rank) => rank >= 1,
  );
  return ranks.flatMap((rank) => {
    const most = upperShare(rank + 1, held, delta / ranks.length);
    return STAKES.map((stake) => ({
      threshold: (rank + 0.5) / (held + 1), // p is at least a multiple of 1 / (n + 1), in float32
      win: Math.log(1 - stake + stake / most),
      loss: Math.log(1 - stake),
      capital: Number.NEGATIVE_INFINITY,
      rise: 0,
      since: 0,
    }));
  });
}

/** log(eᵃ + eᵇ) */
const logSum = (a: number, b: number): number =>
  a === Number.NEGATIVE_INFINITY ? b : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

function valuesOf(result: PValues): ArrayLike<number> & Iterable<number> {
  if (typeof result === "number") return [result];
  const data = "p_value" in result ? result.p_value.data : result;
  if (typeof data === "object" && data !== null && "length" in data)
    return Array.from(data as ArrayLike<number>);
  throw new DomainError("expected p-values, or results with p_value: run a file of flowify guard");
}
