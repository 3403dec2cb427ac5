import { numpy as np } from "@jax-js/jax";
import { log, log1p } from "./log.js";
import { ERFC_SERIES } from "./normal.js";
import { softplus } from "./numerics.js";

/** f(x) = x g(x), g increasing from 0 to 1: f falls to one minimum and rises behind it. The functions consume x. */
export type SelfGate = Readonly<{
  /** log g(x), and the derivative of log g at x; stable on both sides. */
  gate(x: np.Array): Readonly<{ log: np.Array; slope: np.Array }>;
  /** Where the minimum is, its value, and the second derivative there. */
  least: Readonly<{ at: number; value: number; curvature: number }>;
  /** True where log |f| falls on the left as −x², not as −|x|. */
  steep?: boolean;
}>;

/** g = 1 / (1 + e^−w), of w(x) and its derivative. */
const logistic =
  (exponent: (x: np.Array) => readonly [w: np.Array, slope: np.Array]): SelfGate["gate"] =>
  (x) => {
    const [w, slope] = exponent(x);
    return { log: softplus(w.ref.neg()).neg(), slope: np.exp(softplus(w).neg()).mul(slope) };
  };

/** The polynomial of these coefficients, highest first, at t. */
const polynomial = ([first = 0, ...others]: readonly number[], t: np.Array): np.Array =>
  others.reduce((sum, c, i) => sum.mul(i < others.length - 1 ? t.ref : t).add(c), t.ref.mul(0).add(first));

/** The coefficients of its derivative. */
const derivative = (coefficients: readonly number[]): number[] =>
  coefficients.slice(0, -1).map((c, i) => c * (coefficients.length - 1 - i));

/** Φ: log Φ(−|x|) = log (t / 2) − x² / 2 + P(t), t = 1 / (1 + |x| / √8), which holds in the far tail too. */
function normalGate(x: np.Array): ReturnType<SelfGate["gate"]> {
  const size = np.absolute(x.ref);
  const t = np.reciprocal(size.ref.mul(Math.SQRT1_2 / 2).add(1));
  const logBelow = log(t.ref.mul(0.5)).add(polynomial(ERFC_SERIES, t.ref)).sub(np.square(size.ref).mul(0.5));
  // −d log Φ(−|x|) / d|x|
  const rise = polynomial(derivative(ERFC_SERIES), t.ref);
  const fall = t.ref
    .add(rise.mul(np.square(t)))
    .mul(Math.SQRT1_2 / 2)
    .add(size);
  const below = np.less(x, 0);
  const tail = np.exp(logBelow.ref);
  const rest = tail.ref.neg().add(1);
  return {
    log: np.where(below.ref, logBelow, log1p(tail.ref.neg())),
    slope: np.where(below, fall.ref, fall.mul(tail).div(rest)),
  };
}

/** √(2 / π) and the cubic term of the tanh form of GELU. */
const [SCALE, CUBIC] = [Math.sqrt(2 / Math.PI), 0.044715];

/** Sources: Ramachandran et al. 2017 (arXiv:1710.05941); Hendrycks and Gimpel 2016 (arXiv:1606.08415); Misra 2019 (arXiv:1908.08681). */
export const selfGates = {
  silu: {
    gate: logistic((x) => [x.ref, np.onesLike(x)]),
    least: { at: -1.278464542761074, value: -0.27846454276107385, curvature: 0.2178 },
  },
  gelu: {
    gate: normalGate,
    least: { at: -0.7517916779659992, value: -0.1699711996220024, curvature: 0.4315 },
    steep: true,
  },
  geluTanh: {
    gate: logistic((x) => [
      np
        .square(x.ref)
        .mul(CUBIC)
        .add(1)
        .mul(x.ref)
        .mul(2 * SCALE),
      np
        .square(x)
        .mul(3 * CUBIC)
        .add(1)
        .mul(2 * SCALE),
    ]),
    least: { at: -0.7524614220710162, value: -0.17004075057125403, curvature: 0.4304 },
    steep: true,
  },
  // tanh(log(1 + eˣ)) is logistic of x + log(1 + eˣ / 2)
  mish: {
    gate: logistic((x) => {
      const half = x.ref.sub(Math.LN2);
      return [x.add(softplus(half.ref)), np.exp(softplus(half.neg()).neg()).add(1)];
    }),
    least: { at: -1.1924312145154956, value: -0.30884341301725043, curvature: 0.2669 },
  },
} as const satisfies { [name: string]: SelfGate };

/** Steps of Newton's method after which no number of float64 changes. */
const STEPS = 4;

/** Numbers above it have logarithms and reciprocals in float32. */
export const SMALLEST = 2 ** -120;

/** log |x|, and that of the smallest number for less. */
export const logSize = (x: np.Array): np.Array => log(np.maximum(np.absolute(x), SMALLEST));

/**
 * x with f(x) = z on the chosen side of the minimum, for z above it, and below 0 on the left. Solves f on the right and
 * log |f| on the left for the distance d from the minimum, both about d² near it, and straight far away.
 */
export function invert({ gate, least, steep = false }: SelfGate, z: np.Array, left: np.Array): np.Array {
  const depth = -least.value;
  const negative = np.minimum(z.ref, 0);
  const wanted = np.where(left.ref, logSize(negative).neg().add(Math.log(depth)), z.add(depth));
  const target = np.maximum(wanted, 0);
  // d² / (unit + d), or d² / unit, is about the target
  const unit = np.where(left.ref, (2 * depth) / least.curvature, 2 / least.curvature);
  const far = target.ref.add(np.sqrt(target.ref.mul(target.ref.add(unit.ref.mul(4))))).mul(0.5);
  const start = steep ? np.where(left.ref, np.sqrt(target.ref.mul(unit.ref)), far) : far;
  const outward = np.where(left.ref, -1, 1);
  let d = start.ref;
  for (let step = 0; step < STEPS; step++) {
    const x = d.ref.mul(outward.ref).add(least.at);
    const { log, slope } = gate(x.ref);
    const logOf = logSize(x.ref).sub(Math.log(depth)).add(log.ref).neg();
    const g = np.exp(log);
    const value = np.where(left.ref, logOf, x.ref.mul(g.ref).add(depth));
    const rise = np.where(left.ref, np.reciprocal(x.ref).add(slope.ref), x.mul(slope).add(1).mul(g));
    const next = d.sub(value.sub(target.ref).div(np.maximum(rise, SMALLEST)));
    d = np.clip(next, start.ref.mul(0.5), start.ref.mul(2));
  }
  for (const unused of [left, target, start, unit]) unused.dispose();
  return d.mul(outward).add(least.at);
}
