import type { Step } from "@flowify/core/layer";
import type { numpy as np } from "@jax-js/jax";
import { bent, conditioned, type Increasing, shiftBy, stretched } from "./curve.js";
import { appending, dropping, normalNumbers, uniformNumbers } from "./drop.js";
import { type GridCoder, inOrder, moved, shifted } from "./grid.js";
import { gridNetwork, numbers } from "./grid-network.js";
import { dequantized } from "./levels.js";
import { rotated } from "./rotate.js";
import { splineMap, splinesOfCurves, splinesOfKnots } from "./splines.js";

type Steps = { [K in Step["step"]]: (step: Extract<Step, { step: K }>) => GridCoder | Promise<GridCoder> };

/** Arrays of `splineKnots`, which those of a line follow. */
const KNOTS = 6;

/** Half of the interval that noise of dequantization lies in. */
const HALF = 0.5;

/** v ↦ f((v − centre) · factor). */
const afterLine = (f: Increasing, centre: Float64Array, factor: Float64Array): Increasing => ({
  value: (i, x) => f.value(i, (x - centre[i]!) * factor[i]!),
  inverse: (i, y) => f.inverse(i, y) / factor[i]! + centre[i]!,
});

/** The coder of each step. */
const coders: Steps = {
  scale: async ({ factors }) => stretched(await numbers(factors)),
  shift: async ({ by }) => shifted(await numbers(by)),
  turn: async ({ matrix }) => rotated(await numbers(matrix.ref), sideOf(matrix)),
  move: ({ from }) => moved(from),
  append: ({ from, noise }) =>
    appending(from, noise === "uniform" ? uniformNumbers(-0.5) : normalNumbers(noise)),
  drop: async ({ dropped, kept, after, density }) =>
    dropping({ dropped, kept, next: await coderOfSteps(after), density: gridNetwork(density) }),
  translate: ({ kept, network }) =>
    conditioned(kept, gridNetwork(network), (found) => shiftBy(found[0] as Float64Array)),
  bend: ({ kept, network, bins, bound }) =>
    conditioned(kept, gridNetwork(network), (found) => {
      const spline = splineMap(splinesOfKnots(found, bins, bound));
      const [centre, factor] = found.slice(KNOTS);
      return centre && factor ? afterLine(spline, centre, factor) : spline;
    }),
  async curves({ table, bins, splineOf, range }) {
    const curve = splineMap(splinesOfCurves(await numbers(table), bins), splineOf);
    if (!range) return bent(curve);
    const { bound, channelOf } = range;
    const [from, length] = [await numbers(range.low), await numbers(range.length)];
    return bent({
      value(i, x) {
        const c = channelOf(i);
        return curve.value(i, (x - from[c]!) / length[c]!) * 2 * bound - bound;
      },
      inverse(i, z) {
        const c = channelOf(i);
        return curve.inverse(i, (z + bound) / (2 * bound)) * length[c]! + from[c]!;
      },
    });
  },
  dequantize({ levels, network, bins }) {
    const compiled = gridNetwork(network, (x) => Float32Array.from(x));
    const bend = (found: Float64Array[]): Increasing => {
      const { value, inverse } = splineMap(splinesOfKnots(found, bins, HALF));
      return {
        value: (i, e) => value(i, e - HALF) + HALF,
        inverse: (i, u) => inverse(i, u - HALF) + HALF,
      };
    };
    const given = async (x: Float64Array): Promise<Increasing> => bend(await compiled.run(x));
    return dequantized(levels, { given, dispose: compiled.dispose });
  },
};

/** The side of a square matrix, which it disposes of. */
function sideOf(matrix: np.Array): number {
  const [n = 0] = matrix.shape;
  matrix.dispose();
  return n;
}

/** The coder of steps in order; consumes their arrays. */
export async function coderOfSteps(steps: readonly Step[]): Promise<GridCoder> {
  const made: GridCoder[] = [];
  for (const step of steps)
    made.push(await (coders[step.step] as (step: Step) => GridCoder | Promise<GridCoder>)(step));
  return inOrder(made);
}
