import { LawError } from "../../errors.js";
import { nth } from "../../lists.js";
import { makeRng } from "../../math/rng.js";
import type { HostArray } from "../../params/host-array.js";
import { parameterPaths } from "../../params/parameter-paths.js";
import { treeFlatten } from "../../params/pytree.js";
import { sizeOf } from "../../shape.js";
import { arraysOf, call, gradient, numbersOf, readAll } from "../arrays.js";
import { meanLogLikelihood } from "../likelihood.js";
import { dot } from "../plain.js";
import { host, type Prepared, prepare, toJax } from "../prepare.js";
import type { Figure, Law } from "../subject.js";
import { within } from "../within.js";

const name = "gradients";

/** Where differences are taken, to both sides. */
const STEP = 1e-5;

/** A gradient below this is zero. */
const ZERO = 1e-12;

/** Parameters are differentiated in two groups: the many of a network would drown the others. */
const groupOf = (path: string): string => (path.includes("network") ? "network" : "others");

/** Slope of the mean log-likelihood along a direction (a list of numbers for every parameter). */
async function centralDifference(prepared: Prepared, direction: readonly number[][]): Promise<number> {
  const { leaves, rebuild } = treeFlatten<HostArray>(prepared.hostParams);
  const value = async (step: number): Promise<number> => {
    const moved = leaves.map(({ data, shape }, i) => {
      const along = nth(direction, i);
      const values = Array.from(data, (v, k) => v + step * nth(along, k));
      return toJax(host(values, shape), "float64");
    });
    const args = [rebuild(moved), prepared.x(), prepared.forwardNoise()];
    return nth(await numbersOf(nth(arraysOf(call(meanLogLikelihood(prepared.subject.layer), args)), 0)), 0);
  };
  return ((await value(STEP)) - (await value(-STEP))) / (2 * STEP);
}

/** Slopes of the mean log-likelihood, in float64. */
export const gradients: Law = {
  name,
  promise: "gradients with respect to the parameters are finite, right, and none is zero throughout",
  check: async (subject) => {
    const { layer, zeroGradient = {}, condition } = subject;
    const prepared = await prepare(subject, "float64");
    const { params, x, forwardNoise } = prepared;
    const leaves = parameterPaths(params(), layer.parameterKinds);
    if (leaves.length === 0) return [];
    const slopes = await readAll(call(gradient(meanLogLikelihood(layer)), [params(), x(), forwardNoise()]));
    const broken = leaves.filter((_, i) => !nth(slopes, i).every(Number.isFinite)).map(({ path }) => path);
    if (broken.length > 0) throw new LawError(name, `the gradient of ${broken.join(", ")} is not finite`);

    const silent = leaves
      .filter(({ kind }, i) => kind !== "fixed" && nth(slopes, i).every((v) => Math.abs(v) < ZERO))
      .map(({ path }) => path);
    const expected = Object.keys(zeroGradient);
    if (silent.join() !== expected.join())
      throw new LawError(
        name,
        `the gradient is zero of [${silent.join(", ")}], expected [${expected.join(", ")}]: a parameter that nothing depends on is not one, or is declared in \`zeroGradient\``,
      );

    const rng = makeRng(77);
    const figures: Figure[] = [];
    for (const group of new Set(leaves.map(({ path }) => groupOf(path)))) {
      const direction = slopes.map((slope, i) =>
        slope.map(() => (groupOf(nth(leaves, i).path) === group ? rng.normal() : 0)),
      );
      const length = Math.hypot(...direction.flat());
      const unit = direction.map((part) => part.map((v) => v / length));
      const compared = [
        [dot(unit.flat(), slopes.flat())],
        [await centralDifference(prepared, unit)],
      ] as const;
      figures.push(
        within(name, `the slope along the ${group}, against differences`, compared, "gradient", condition),
      );
    }
    return figures;
  },
};

/** Inputs at which formulas branch, or overflow. */
const special = [0, -2, 2, 1e4, -1e4];

/** A branch that is not taken makes no NaN. */
export const inputGradients: Law = {
  name: "input gradients",
  promise: "gradients with respect to the input are finite where formulas branch",
  skip: ({ layer, levels = layer.facts.levels }) => (levels ? "its inputs are integers" : undefined),
  check: async (subject) => {
    const { layer } = subject;
    const batch = special.length;
    const { params, forwardNoise } = await prepare(subject, "float32");
    const rows = special.flatMap((v) => new Array<number>(sizeOf(layer.inShape)).fill(v));
    const x = toJax(host(rows, [batch, ...layer.inShape]), "float32");
    const ofInput = gradient((input: never) =>
      meanLogLikelihood(layer)(params(), input, forwardNoise(batch)),
    );
    const [slopes = []] = await readAll(call(ofInput, [x]));
    const size = slopes.length / batch;
    const wrong = special.filter((_, i) => !slopes.slice(i * size, (i + 1) * size).every(Number.isFinite));
    if (wrong.length > 0)
      throw new LawError("input gradients", `not finite where all of x is ${wrong.join(", or ")}`);
    return [];
  },
};
