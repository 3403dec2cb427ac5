import { logSumExp } from "../packages/cli/src/statistics.js";
import { logNormal } from "../packages/core/src/testing/plain.js";
import { gamma, type Law, logGamma, mixture, numbers, pick, poisson } from "./known-laws.js";

/** A thin ring, and uniform noise over a square around it. */
const noisyRing: Law = {
  draw(rng) {
    if (rng.uniform() < 0.3) return [8 * rng.uniform() - 4, 8 * rng.uniform() - 4];
    const [r, angle] = [2 + 0.1 * rng.normal(), 2 * Math.PI * rng.uniform()];
    return [r * Math.cos(angle), r * Math.sin(angle)];
  },
  logProb(row) {
    const [r, around] = [Math.hypot(...numbers(row)), numbers(row).every((x) => Math.abs(x) <= 4)];
    const own = Math.log(0.7) + logNormal(r, 2, 0.1) - Math.log(2 * Math.PI * r);
    return around ? logSumExp([own, Math.log(0.3) - Math.log(64)]) : own;
  },
};

/** Two categories, the second depending on the first; a lognormal amount that both shift. */
const shifted: Law = (() => {
  const first = [0.5, 0.3, 0.2];
  const second = [
    [0.8, 0.2],
    [0.5, 0.5],
    [0.1, 0.9],
  ];
  const meanOf = (a: number, b: number): number => 2 + a - 1.5 * b + 0.5 * a * b;
  return {
    draw(rng) {
      const a = pick(rng, first);
      const b = pick(rng, second[a]!);
      return [`a${a}`, `b${b}`, Math.exp(meanOf(a, b) + 0.5 * rng.normal())];
    },
    logProb([c, d, amount]) {
      const [a, b] = [Number(String(c).slice(1)), Number(String(d).slice(1))];
      const log = Math.log(Number(amount));
      return Math.log(first[a]!) + Math.log(second[a]![b]!) + logNormal(log, meanOf(a, b), 0.5) - log;
    },
  };
})();

/** A negative binomial count whose shape and mean depend on a category, and a second count that follows the first. */
const counts: Law = (() => {
  const weights = [0.5, 0.3, 0.2];
  const shapes = [2, 5, 1];
  const means = [3, 12, 25];
  return {
    draw(rng) {
      const k = pick(rng, weights);
      const own = poisson(rng, (means[k]! / shapes[k]!) * gamma(rng, shapes[k]!));
      return [`k${k}`, own, poisson(rng, 1 + 0.5 * own)];
    },
    logProb([kind, x, y]) {
      const k = Number(String(kind).slice(1));
      const [own, next, r, m] = [Number(x), Number(y), shapes[k]!, means[k]!];
      const negative =
        logGamma(own + r) -
        logGamma(r) -
        logGamma(own + 1) +
        r * Math.log(r / (r + m)) +
        own * Math.log(m / (r + m));
      const rate = 1 + 0.5 * own;
      return Math.log(weights[k]!) + negative + next * Math.log(rate) - rate - logGamma(next + 1);
    },
  };
})();

/** Laws that no network was chosen by. */
export const furtherLaws: Readonly<Record<string, Law>> = {
  noisyRing,
  shifted,
  normals10: mixture(10, 4, 1.5, 31),
  counts,
};
