/** The simulators of `sbibm` (Lueckmann et al. 2021, MIT licence), as functions of parameters and random numbers. */
import type { Rng } from "@flowify/core/layer";
import { normal, type Prior, type Simulator, uniform } from "flowify/posterior";
import { simulators } from "flowify/posterior/browser";

type Task = Readonly<{ prior: Prior; simulate: Simulator }>;

const list = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i));
const at = (a: ArrayLike<number>, i: number): number => a[i] as number;

const shifted = (theta: ArrayLike<number>, random: Rng): number[] =>
  list(theta.length, (i) => at(theta, i) + Math.sqrt(0.1) * random.normal());

function slcp(theta: ArrayLike<number>, random: Rng): number[] {
  const [s1, s2, rho] = [at(theta, 2) ** 2, at(theta, 3) ** 2, Math.tanh(at(theta, 4))];
  return list(4, () => 0).flatMap(() => {
    const [a, b] = [random.normal(), random.normal()];
    return [at(theta, 0) + s1 * a, at(theta, 1) + s2 * (rho * a + Math.sqrt(1 - rho * rho) * b)];
  });
}

function gaussianMixture(theta: ArrayLike<number>, random: Rng): number[] {
  const std = random.uniform() < 0.5 ? 1 : 0.1;
  return list(2, (i) => at(theta, i) + std * random.normal());
}

/** Σ y, and Σ_t y[t + j] I[t], of Bernoulli numbers y with the logits of a filter of the stimulus. */
function bernoulliGlm(stimulus: ArrayLike<number>): Task {
  // B⁻¹ = diag(0.5, FᵀF): θ₀ has variance 2, θ_1.. = F⁻¹ ε
  const F = list(9, (i) => i).map((i) =>
    list(9, (j) => j).map((j) => difference2(i, j) + (i === j ? Math.sqrt(i / 9) : 0)),
  );
  const prior: Prior = {
    size: 10,
    support: list(10, () => 0).map(() => [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const),
    sample(random) {
      const [first, ...others] = list(10, () => random.normal());
      return [Math.SQRT2 * (first as number), ...solveLower(F, others)];
    },
    logProb(theta) {
      const e = F.map((row) => row.reduce((sum, f, j) => sum + f * at(theta, 1 + j), 0));
      const squares = at(theta, 0) ** 2 / 2 + e.reduce((sum, value) => sum + value * value, 0);
      const logDet = F.reduce((sum, row, i) => sum + Math.log(Math.abs(at(row, i))), 0);
      return logDet - 0.5 * squares - 0.5 * Math.log(2) - 5 * Math.log(2 * Math.PI);
    },
  };
  return {
    prior,
    simulate(theta, random) {
      const T = stimulus.length;
      const seen = (t: number): number => (t >= 0 ? at(stimulus, t) : 0);
      const y = list(T, (t) => {
        let psi = at(theta, 0);
        for (let j = 0; j < 9; j++) psi += at(theta, 1 + j) * seen(t - j);
        return random.uniform() < 1 / (1 + Math.exp(-psi)) ? 1 : 0;
      });
      const sums = list(9, (j) => list(T - j, (t) => at(y, t + j) * at(stimulus, t)).reduce((a, b) => a + b));
      return [y.reduce((a, b) => a + b), ...sums];
    },
  };
}

/** D², D of ones with −1 below the diagonal. */
const difference2 = (i: number, j: number): number => (i === j ? 1 : i === j + 1 ? -2 : i === j + 2 ? 1 : 0);

/** x with F x = b, F lower triangular. */
export function solveLower(F: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x: number[] = [];
  for (let i = 0; i < b.length; i++) {
    let rest = at(b, i);
    for (let j = 0; j < i; j++) rest -= at(F[i] as number[], j) * at(x, j);
    x.push(rest / at(F[i] as number[], i));
  }
  return x;
}

const { pendulum: _, ...shown } = simulators;
const repeat = (n: number, value: number): number[] => list(n, () => value);

/** All tasks by name. */
export const tasks = (stimulus: ArrayLike<number>): { readonly [name: string]: Task } => ({
  ...shown,
  gaussian_linear: { prior: normal(repeat(10, 0), Math.sqrt(0.1)), simulate: shifted },
  gaussian_linear_uniform: { prior: uniform(repeat(10, -1), repeat(10, 1)), simulate: shifted },
  gaussian_mixture: { prior: uniform([-10, -10], [10, 10]), simulate: gaussianMixture },
  slcp: { prior: uniform(repeat(5, -3), repeat(5, 3)), simulate: slcp },
  bernoulli_glm: bernoulliGlm(stimulus),
});
