import type { Support } from "./priors.js";

/**
 * The fixed bijection of the support of a parameter onto R, so that no mass of a density of u leaks out of it:
 *
 *     u = θ,   u = log(θ − low),   u = −log(high − θ),   u = logit((θ − low) / (high − low))
 */
export type Bijection = Readonly<{
  kind: "line" | "above" | "below" | "between";
  toReal(theta: number): number;
  fromReal(u: number): number;
  /** log |dθ / du|. */
  logSlope(u: number): number;
}>;

/** log σ(u), for any u. */
const logSigmoid = (u: number): number => (u < 0 ? u - Math.log1p(Math.exp(u)) : -Math.log1p(Math.exp(-u)));

/** Nearest to the ends that a logit is taken: draws of a float32 on the edge. */
const EDGE = 1e-12;

export function bijectionOf([low, high]: Support): Bijection {
  const [hasLow, hasHigh] = [Number.isFinite(low), Number.isFinite(high)];
  if (hasLow && hasHigh) {
    const width = high - low;
    return {
      kind: "between",
      toReal(theta) {
        const p = Math.min(Math.max((theta - low) / width, EDGE), 1 - EDGE);
        return Math.log(p) - Math.log1p(-p);
      },
      fromReal: (u) => Math.min(Math.max(low + width / (1 + Math.exp(-u)), low), high),
      logSlope: (u) => Math.log(width) + logSigmoid(u) + logSigmoid(-u),
    };
  }
  if (hasLow)
    return {
      kind: "above",
      toReal: (theta) => Math.log(Math.max(theta - low, Number.MIN_VALUE)),
      fromReal: (u) => low + Math.exp(u),
      logSlope: (u) => u,
    };
  if (hasHigh)
    return {
      kind: "below",
      toReal: (theta) => -Math.log(Math.max(high - theta, Number.MIN_VALUE)),
      fromReal: (u) => high - Math.exp(-u),
      logSlope: (u) => -u,
    };
  return { kind: "line", toReal: (theta) => theta, fromReal: (u) => u, logSlope: () => 0 };
}
