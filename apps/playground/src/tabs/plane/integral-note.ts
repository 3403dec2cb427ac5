import { DRAWS, INTEGRATED } from "./grid.js";
import type { Description } from "./handlers.js";
import type { PlaneView } from "./viewer.js";

/** Distance of the integral from 1 that needs an explanation. */
const CLOSE = 0.02;

/** Explains why the cells of a density do not sum to 1; empty if they nearly do. */
export function integralNote(
  { integral, outside }: Pick<PlaneView, "integral" | "outside">,
  { draws, likelihood }: Pick<Description, "draws" | "likelihood">,
): string {
  if (!(Math.abs(integral - 1) > CLOSE)) return "";
  const causes = [
    outside >= 0.005 &&
      `${Math.round(100 * outside)} % of the samples lie outside of the integration square from −${INTEGRATED} to ${INTEGRATED}`,
    likelihood === "loses mass" &&
      "a layer reaches only a part of the line, and the mass that later layers put elsewhere is lost",
    draws &&
      `p is a mean of exp(bound) over ${DRAWS} samples of the noise, and so few samples miss rare ones with much of the mass, so log p is a lower bound in expectation`,
  ].filter((cause) => cause !== false);
  if (causes.length === 0) causes.push("the density has peaks narrower than a cell");
  return `Not 1, because ${causes.join("; and ")}.`;
}
