import { describe, expect, it } from "vitest";
import type { HostArray } from "../../src/executor/executor.js";
import { sizeOf } from "../../src/layer.js";
import { makeRng } from "../../src/math/rng.js";
import { parameterPaths } from "../../src/params/parameter-paths.js";
import { treeFlatten } from "../../src/params/pytree.js";
import { catalog } from "../catalog.js";
import { arraysOf, at, call, gradient, numbersOf, readAll } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";
import { meanLogLikelihood } from "../support/likelihood.js";
import { dot } from "../support/plain.js";
import { host, type Prepared, prepare, toJax } from "../support/prepare.js";

const STEP = 1e-5;

/** Parameters are differentiated in two groups: the many of a network would drown the others. */
const groupOf = (path: string): string => (path.includes("network") ? "network" : "others");

/** Slope of the mean log-likelihood along a direction (a list of numbers for every parameter). */
async function centralDifference(prepared: Prepared, direction: readonly number[][]): Promise<number> {
  const { leaves, rebuild } = treeFlatten<HostArray>(prepared.hostParams);
  const value = async (step: number): Promise<number> => {
    const moved = leaves.map(({ data, shape }, i) => {
      const along = at(direction, i);
      return toJax(
        host(
          Array.from(data, (v, k) => v + step * at(along, k)),
          shape,
        ),
        "float64",
      );
    });
    const args = [rebuild(moved), prepared.x(), prepared.forwardNoise()];
    return at(await numbersOf(at(arraysOf(call(meanLogLikelihood(prepared.entry.layer), args)), 0)), 0);
  };
  return ((await value(STEP)) - (await value(-STEP))) / (2 * STEP);
}

describe("gradients of the mean log-likelihood (float64)", () => {
  it.each(catalog)("$name", async (entry) => {
    const prepared = await prepare(entry, "float64");
    const { params, x, forwardNoise } = prepared;
    const leaves = parameterPaths(params(), entry.layer.parameterKinds);
    // a layer without parameters has no gradient
    const slope = gradient(meanLogLikelihood(entry.layer));
    const slopes = leaves.length > 0 ? await readAll(call(slope, [params(), x(), forwardNoise()])) : [];
    expect(slopes.length).toBe(leaves.length);
    expect(slopes.flat().every(Number.isFinite)).toBe(true);

    // none is zero throughout, unless the catalog says why
    const silent = leaves.filter(
      ({ kind: manifold }, i) => manifold !== "fixed" && at(slopes, i).every((v) => Math.abs(v) < 1e-12),
    );
    expect(silent.map(({ path }) => path)).toEqual(Object.keys(entry.zeroGradient ?? {}));

    const rng = makeRng(77);
    for (const group of new Set(leaves.map(({ path }) => groupOf(path)))) {
      const direction = slopes.map((slope, i) =>
        slope.map(() => (groupOf(at(leaves, i).path) === group ? rng.normal() : 0)),
      );
      const length = Math.hypot(...direction.flat());
      const unit = direction.map((part) => part.map((v) => v / length));
      expectClose(
        [dot(unit.flat(), slopes.flat())],
        [await centralDifference(prepared, unit)],
        "gradient",
        entry.condition,
      );
    }
  });
});

const special = [0, -2, 2, 1e4, -1e4];

describe("gradients with respect to the input are finite where formulas branch", () => {
  it.each(catalog.filter(({ levels }) => !levels))("$name", async (entry) => {
    const batch = special.length;
    const { params, forwardNoise } = await prepare(entry, "float32");
    const { inShape } = entry.layer;
    const rows = special.flatMap((v) => new Array<number>(sizeOf(inShape)).fill(v));
    const x = toJax(host(rows, [batch, ...inShape]), "float32");
    const ofInput = gradient((input: never) =>
      meanLogLikelihood(entry.layer)(params(), input, forwardNoise(batch)),
    );
    expect((await readAll(call(ofInput, [x]))).flat().every(Number.isFinite)).toBe(true);
  });
});
