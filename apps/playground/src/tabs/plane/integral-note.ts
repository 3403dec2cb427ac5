import type { PlaneConfig } from "./config.js";
import { INTEGRATED } from "./grid.js";

/** Samples of the noise that estimate the density of a flow with a bound: p(x) = E exp(bound). */
export const DRAWS = 4;
/** Distance of the integral from 1 that needs an explanation. */
const CLOSE = 0.02;

/** Functions with a range smaller than the line. */
const squashing = new Set(["elu", "softplus", "tanh"]);

type Integrated = Readonly<{
  integral: number;
  /** Share of the samples outside of the square. */
  outside: number;
  exact: boolean;
  /** Name of the base of the flow. */
  base: string | undefined;
  layers: PlaneConfig["layers"];
}>;

/** Explains why the cells of a density do not sum to 1; empty if they nearly do. */
export function integralNote({ integral, outside, exact, base, layers }: Integrated): string {
  if (!(Math.abs(integral - 1) > CLOSE)) return "";
  // a uniform base follows a bounded last layer, and covers its whole range
  const inner = base === "uniform" ? layers.slice(0, -1) : layers;
  const kinds = [...new Set(inner.map(({ kind }) => kind).filter((kind) => squashing.has(kind)))];
  const causes = [
    outside >= 0.005 &&
      `${Math.round(100 * outside)} % of the samples lie outside of the integration square from −${INTEGRATED} to ${INTEGRATED}`,
    kinds.length > 0 &&
      `${kinds.join(" and ")} ${kinds.length > 1 ? "reach" : "reaches"} only a part of the line, and the mass that later layers put elsewhere is lost`,
    !exact &&
      `p is a mean of exp(bound) over ${DRAWS} samples of the noise, and so few samples miss rare ones with much of the mass, so log p is a lower bound in expectation`,
  ].filter((cause) => cause !== false);
  if (causes.length === 0) causes.push("the density has peaks narrower than a cell");
  return `Not 1, because ${causes.join("; and ")}.`;
}
