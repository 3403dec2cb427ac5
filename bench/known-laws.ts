import { makeRng, type Rng } from "@flowify/core/layer";
import { logSumExp } from "../packages/cli/src/statistics.js";
import { cholesky } from "../packages/core/src/init/fit-mixture.js";
import { logNormal } from "../packages/core/src/testing/plain.js";
import { solveLower } from "./simulators.js";

/** A cell: a number, or the name of a category. */
export type Cell = number | string;

/** A law of rows: how one is drawn, and log p of a row in nats, by density of numbers and probability of categories. */
export type Law = Readonly<{ draw(rng: Rng): Cell[]; logProb(row: readonly Cell[]): number }>;

const LOG_2PI = Math.log(2 * Math.PI);
export const numbers = (row: readonly Cell[]): number[] => row.map(Number);
export const pick = (rng: Rng, weights: readonly number[]): number => {
  let left = rng.uniform() * weights.reduce((a, b) => a + b, 0);
  return Math.max(
    0,
    weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    }),
  );
};
const normals = (rng: Rng, n: number): number[] => Array.from({ length: n }, () => rng.normal());

/** x = μ + F ε with F lower triangular [n][n]: a normal law. */
type Normal = Readonly<{ mean: readonly number[]; factor: readonly (readonly number[])[] }>;

const drawNormal = ({ mean, factor }: Normal, rng: Rng): number[] => {
  const e = normals(rng, mean.length);
  return factor.map((row, i) => mean[i]! + row.reduce((sum, f, j) => sum + f * e[j]!, 0));
};

function logOfNormal({ mean, factor }: Normal, x: readonly number[]): number {
  const e = solveLower(
    factor,
    x.map((value, i) => value - mean[i]!),
  );
  return e.reduce((log, value, i) => log + logNormal(value) - Math.log(factor[i]![i]!), 0);
}

/** The lower triangular factor of a covariance. */
function factorOf(covariance: readonly (readonly number[])[]): number[][] {
  const n = covariance.length;
  const factor = cholesky(Float64Array.from(covariance.flat()), n);
  return covariance.map((_, i) => [...factor.subarray(i * n, (i + 1) * n)]);
}

export function mixture(n: number, K: number, spread: number, seed: number): Law {
  const rng = makeRng(seed);
  const weights = Array.from({ length: K }, () => 0.3 + rng.uniform());
  const total = weights.reduce((a, b) => a + b, 0);
  const parts = weights.map((): Normal => {
    const mean = normals(rng, n).map((v) => spread * v);
    const factor = mean.map((_, i) => mean.map((_v, j) => (j < i ? 0.5 * rng.normal() : 0)));
    for (const [i, row] of factor.entries()) row[i] = 0.3 + 0.7 * rng.uniform();
    return { mean, factor };
  });
  return {
    draw: (own) => drawNormal(parts[pick(own, weights)]!, own),
    logProb: (row) =>
      logSumExp(parts.map((part, k) => Math.log(weights[k]! / total) + logOfNormal(part, numbers(row)))),
  };
}

/** Columns that are sums of few factors and noise. */
function factors(n: number, k: number, noise: number, seed: number): Law {
  const rng = makeRng(seed);
  const loadings = Array.from({ length: n }, () => normals(rng, k));
  const covariance = loadings.map((a, i) =>
    loadings.map((b, j) => a.reduce((sum, v, f) => sum + v * b[f]!, i === j ? noise ** 2 : 0)),
  );
  const law = { mean: new Array<number>(n).fill(0), factor: factorOf(covariance) };
  return { draw: (own) => drawNormal(law, own), logProb: (row) => logOfNormal(law, numbers(row)) };
}

const ring: Law = {
  draw(rng) {
    const [r, angle] = [2 + 0.2 * rng.normal(), 2 * Math.PI * rng.uniform()];
    return [r * Math.cos(angle), r * Math.sin(angle)];
  },
  logProb(row) {
    const r = Math.hypot(...numbers(row));
    return logNormal(r, 2, 0.2) - Math.log(2 * Math.PI * r);
  },
};

/** exp of correlated normals. */
const lognormals: Law = (() => {
  const n = 4;
  const covariance = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_v, j) => 0.7 ** Math.abs(i - j)),
  );
  const law = { mean: new Array<number>(n).fill(0), factor: factorOf(covariance) };
  return {
    draw: (rng) => drawNormal(law, rng).map(Math.exp),
    logProb(row) {
      const logs = numbers(row).map(Math.log);
      return logOfNormal(law, logs) - logs.reduce((a, b) => a + b, 0);
    },
  };
})();

const independent: Law = {
  draw: (rng) => [
    rng.normal(),
    -Math.log(1 - rng.uniform()),
    rng.uniform(),
    (rng.uniform() < 0.5 ? 1 : -1) * Math.log(1 - rng.uniform()),
    rng.uniform() < 0.3 ? 5 + 0.5 * rng.normal() : rng.normal(),
  ],
  logProb(row) {
    const [a = 0, b = 0, , d = 0, e = 0] = numbers(row);
    const last = logSumExp([Math.log(0.3) + logNormal(e, 5, 0.5), Math.log(0.7) + logNormal(e)]);
    return logNormal(a) - b - Math.abs(d) - Math.log(2) + last;
  },
};

/** Columns of five categories, each depending on the one before. */
const chain: Law = (() => {
  const [columns, levels] = [6, 5];
  const rng = makeRng(77);
  const table = () =>
    Array.from({ length: levels }, () => Array.from({ length: levels }, () => Math.exp(1.5 * rng.normal())));
  const first = table()[0]!;
  const steps = Array.from({ length: columns - 1 }, table);
  const logOf = (weights: readonly number[], k: number): number =>
    Math.log(weights[k]! / weights.reduce((a, b) => a + b, 0));
  return {
    draw(own) {
      const codes = [pick(own, first)];
      for (const step of steps) codes.push(pick(own, step[codes.at(-1)!]!));
      return codes.map((code) => `v${code}`);
    },
    logProb(row) {
      const codes = row.map((cell) => Number(String(cell).slice(1)));
      return steps.reduce(
        (sum, step, i) => sum + logOf(step[codes[i]!]!, codes[i + 1]!),
        logOf(first, codes[0]!),
      );
    },
  };
})();

/** 62.6 % zeros, more of them where another column is low; other amounts grow with it. */
const amounts: Law = {
  draw(rng) {
    const a = rng.normal();
    const isZero = rng.uniform() < 1 / (1 + Math.exp(1.5 * a - 0.712));
    return [a, isZero ? 0 : Math.exp(3 + 0.5 * a + 0.4 * rng.normal())];
  },
  logProb(row) {
    const [a = 0, amount = 0] = numbers(row);
    const logit = 1.5 * a - 0.712;
    const log = amount === 0 ? 0 : logNormal(Math.log(amount), 3 + 0.5 * a, 0.4) - Math.log(amount) + logit;
    return logNormal(a) + log - Math.log(1 + Math.exp(logit));
  },
};

/** Student's t of 1.5 degrees of freedom, three columns in one scale. */
const tails: Law = (() => {
  const [nu, n] = [1.5, 3];
  // ∫ over the scale, by its own formula: Γ((ν + n) / 2) / (Γ(ν / 2) (νπ)^(n / 2))
  const constant = logGamma((nu + n) / 2) - logGamma(nu / 2) - (n / 2) * Math.log(nu * Math.PI);
  return {
    draw(rng) {
      // χ² of 1.5 degrees: a gamma variable of shape 0.75, by the one of shape 1.75
      const scale = Math.sqrt((2 * gamma(rng, nu / 2)) / nu);
      return normals(rng, n).map((v) => v / scale);
    },
    logProb(row) {
      const square = numbers(row).reduce((sum, v) => sum + v * v, 0);
      return constant - ((nu + n) / 2) * Math.log1p(square / nu);
    },
  };
})();

/** Marsaglia and Tsang 2000. */
export function gamma(rng: Rng, shape: number): number {
  if (shape < 1) return gamma(rng, shape + 1) * (1 - rng.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = rng.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** The number of events of a Poisson distribution, by products of uniforms. */
export function poisson(rng: Rng, mean: number): number {
  const least = Math.exp(-mean);
  let [count, product] = [0, rng.uniform()];
  for (; product > least; count++) product *= rng.uniform();
  return count;
}

/** log Γ by Stirling's series, at x + 8. */
export function logGamma(x: number): number {
  let [y, below] = [x, 0];
  for (; y < x + 8; y++) below += Math.log(y);
  return (y - 0.5) * Math.log(y) - y + 0.5 * LOG_2PI + 1 / (12 * y) - 1 / (360 * y ** 3) - below;
}

/** A category, and two numbers whose law depends on it. */
const mixed: Law = (() => {
  const weights = [0.4, 0.3, 0.2, 0.1];
  const means = [
    [0, 0],
    [3, -1],
    [-2, 2],
    [5, 5],
  ] as const;
  const slopes = [0.9, -0.9, 0, 0.5];
  return {
    draw(rng) {
      const k = pick(rng, weights);
      const a = rng.normal();
      return [`kind ${k}`, means[k]![0] + a, means[k]![1] + slopes[k]! * a + 0.4 * rng.normal()];
    },
    logProb([kind, x, y]) {
      const k = Number(String(kind).slice(5));
      const a = Number(x) - means[k]![0];
      return Math.log(weights[k]!) + logNormal(a) + logNormal(Number(y), means[k]![1] + slopes[k]! * a, 0.4);
    },
  };
})();

/** Known laws by name. */
export const laws: Readonly<Record<string, Law>> = {
  mixture2: mixture(2, 4, 2.5, 21),
  ring,
  mixture5: mixture(5, 6, 2, 22),
  mixture3: mixture(3, 3, 2, 23),
  wide60: factors(60, 5, 0.5, 24),
  factors40: factors(40, 3, 0.2, 25),
  lognormals,
  independent,
  chain,
  amounts,
  tails,
  mixed,
};
