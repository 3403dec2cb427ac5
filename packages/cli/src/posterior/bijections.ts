import { normalCdf, normalQuantile } from "@flowify/core/internal";
import type { Support } from "./priors.js";

/**
 * The fixed bijection of the support of a parameter onto R, so that no mass of a density of u leaks out of it:
 *
 *     u = θ,   u = log(θ − low),   u = −log(high − θ),   u = Φ⁻¹((θ − low) / (high − low))
 *
 * Φ⁻¹ makes a uniform prior normal, as the base of the flow is: where an observation says nothing, or only cuts the prior
 * off, there is little to learn. A logit leaves exponential tails, which a flow of lines has to bend.
 */
export type Bijection = Readonly<{
  kind: "line" | "above" | "below" | "between";
  toReal(theta: number): number;
  fromReal(u: number): number;
  /** log |dθ / du|. */
  logSlope(u: number): number;
}>;

/** Nearest to the ends, in widths: draws of a float32 on the edge. */
const EDGE = 1e-12;

const LOG_ROOT_2PI = 0.5 * Math.log(2 * Math.PI);

export function bijectionOf([low, high]: Support): Bijection {
  const [hasLow, hasHigh] = [Number.isFinite(low), Number.isFinite(high)];
  if (hasLow && hasHigh) {
    const width = high - low;
    return {
      kind: "between",
      // from the nearer end, so that both sides are as fine
      toReal(theta) {
        const [below, above] = [(theta - low) / width, (high - theta) / width];
        return below < above ? normalQuantile(Math.max(below, EDGE)) : -normalQuantile(Math.max(above, EDGE));
      },
      fromReal: (u) => (u < 0 ? low + width * normalCdf(u) : high - width * normalCdf(-u)),
      logSlope: (u) => Math.log(width) - (u * u) / 2 - LOG_ROOT_2PI,
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
