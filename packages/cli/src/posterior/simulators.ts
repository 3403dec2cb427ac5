import type { Rng } from "@flowify/core/layer";
import { logNormal, type Prior, uniform } from "./priors.js";
import type { Simulator } from "./simulate.js";

type Task = Readonly<{ prior: Prior; simulate: Simulator }>;

const at = (a: ArrayLike<number>, i: number): number => a[i] as number;

function twoMoons(theta: ArrayLike<number>, random: Rng): number[] {
  const a = Math.PI * (random.uniform() - 0.5);
  const r = 0.1 + 0.01 * random.normal();
  const [s, t] = [at(theta, 0), at(theta, 1)];
  return [r * Math.cos(a) + 0.25 - Math.abs(s + t) / Math.SQRT2, r * Math.sin(a) + (-s + t) / Math.SQRT2];
}

type Slope = (a: number, b: number) => number;

/** One step of the classical method of Runge and Kutta for a′ = f(a, b), b′ = g(a, b). */
function rungeKutta(f: Slope, g: Slope, [a, b]: readonly [number, number], h: number): [number, number] {
  const [a1, b1] = [f(a, b), g(a, b)];
  const [x1, y1] = [a + (h / 2) * a1, b + (h / 2) * b1];
  const [a2, b2] = [f(x1, y1), g(x1, y1)];
  const [x2, y2] = [a + (h / 2) * a2, b + (h / 2) * b2];
  const [a3, b3] = [f(x2, y2), g(x2, y2)];
  const [x3, y3] = [a + h * a3, b + h * b3];
  const [a4, b4] = [f(x3, y3), g(x3, y3)];
  return [a + (h / 6) * (a1 + 2 * a2 + 2 * a3 + a4), b + (h / 6) * (b1 + 2 * b2 + 2 * b3 + b4)];
}

/** A binomial number, by its trials. */
function binomial(n: number, p: number, random: Rng): number {
  let hits = 0;
  for (let i = 0; i < n; i++) if (random.uniform() < p) hits++;
  return hits;
}

function sir(theta: ArrayLike<number>, random: Rng): number[] {
  const [beta, gamma, N, h] = [at(theta, 0), at(theta, 1), 1e6, 0.5];
  let y: [number, number] = [N - 1, 1];
  const seen: number[] = [];
  for (let step = 0; step * h < 160; step++) {
    if ((step * h) % 17 === 0) seen.push(binomial(1000, Math.min(Math.max(y[1] / N, 0), 1), random));
    y = rungeKutta(
      (S, I) => (-beta * S * I) / N,
      (S, I) => (beta * S * I) / N - gamma * I,
      y,
      h,
    );
  }
  return seen.slice(0, 10);
}

function lotkaVolterra(theta: ArrayLike<number>, random: Rng): number[] {
  const [alpha, beta, gamma, delta] = Array.from(theta) as [number, number, number, number];
  // of the logs: populations near 0 stay above it
  let y: [number, number] = [Math.log(30), 0];
  const seen: [number, number][] = [];
  const h = 0.02;
  for (let step = 0; seen.length < 10; step++) {
    if (step % 105 === 0) seen.push(y);
    y = rungeKutta(
      (_, z) => alpha - beta * Math.exp(z),
      (x) => -gamma + delta * Math.exp(x),
      y,
      h,
    );
  }
  return [0, 1].flatMap((k) => seen.map((both) => Math.exp(at(both, k) + 0.1 * random.normal())));
}

/** Angles at 0.4, 0.8, …, 4 s of a pendulum of l metres that starts at rest, at 1 rad, with friction c (1/s): noise of 0.05 rad. */
function pendulum(theta: ArrayLike<number>, random: Rng): number[] {
  const [l, c, h] = [at(theta, 0), at(theta, 1), 0.02];
  let y: [number, number] = [1, 0];
  const seen: number[] = [];
  for (let step = 1; step <= 200; step++) {
    y = rungeKutta(
      (_, v) => v,
      (a, v) => (-9.81 / l) * Math.sin(a) - c * v,
      y,
      h,
    );
    if (step % 20 === 0) seen.push(y[0] + 0.05 * random.normal());
  }
  return seen;
}

/** Simulators to try: three of `sbibm` (Lueckmann et al. 2021, MIT licence), and a pendulum. */
export const simulators = {
  two_moons: { prior: uniform([-1, -1], [1, 1]), simulate: twoMoons },
  pendulum: { prior: uniform([0.2, 0], [2, 1]), simulate: pendulum },
  sir: { prior: logNormal([Math.log(0.4), Math.log(0.125)], [0.5, 0.2]), simulate: sir },
  lotka_volterra: { prior: logNormal([-0.125, -3, -0.125, -3], 0.5), simulate: lotkaVolterra },
} as const satisfies Readonly<Record<string, Task>>;
