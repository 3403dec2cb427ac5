import type { PlaneConfig } from "./config.js";
import { INTEGRATED } from "./grid.js";

/** Draws of the noise whose mean is the density, where the flow is a bound: p(x) = E exp(bound). */
export const DRAWS = 4;
/** How far from 1 an integral is before it needs words. */
const CLOSE = 0.02;

/** Functions onto a part of the line. */
const squashing = new Set(["elu", "softplus", "tanh"]);

type Integrated = Readonly<{
  integral: number;
  /** Part of the samples that lie outside of the square. */
  outside: number;
  exact: boolean;
  /** What the base of the flow is called. */
  base: string | undefined;
  layers: PlaneConfig["layers"];
}>;

/** Why the cells of a density do not add up to 1, in words; empty where they nearly do. */
export function integralNote({ integral, outside, exact, base, layers }: Integrated): string {
  if (!(Math.abs(integral - 1) > CLOSE)) return "";
  // behind a last layer with two ends lives a uniform base, which reaches nothing else
  const inner = base === "uniform" ? layers.slice(0, -1) : layers;
  const kinds = [...new Set(inner.map(({ kind }) => kind).filter((kind) => squashing.has(kind)))];
  const causes = [
    outside >= 0.005 &&
      `${Math.round(100 * outside)} % of the samples lie outside of the square from −${INTEGRATED} to ${INTEGRATED} whose cells are added up`,
    kinds.length > 0 &&
      `${kinds.join(" and ")} ${kinds.length > 1 ? "reach" : "reaches"} only a part of the line, and the mass that the layers behind put elsewhere is lost`,
    !exact &&
      `p is a mean of exp(bound) over ${DRAWS} draws of the noise, and few draws miss the rare ones that hold much of it, so that log p is a lower bound in expectation`,
  ].filter((cause) => cause !== false);
  if (causes.length === 0) causes.push("the density has peaks that are narrower than a cell");
  return `Not 1, since ${causes.join("; and ")}.`;
}
