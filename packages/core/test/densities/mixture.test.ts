import { numpy as np, random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { ConditionalDensity } from "../../src/densities/conditional.js";
import { gaussian } from "../../src/densities/gaussian.js";
import { mixture } from "../../src/densities/mixture.js";
import type { ArrayTree } from "../../src/layer.js";
import { makeRng } from "../../src/math/rng.js";
import type { HostArray } from "../../src/params/host-array.js";
import { treeRef } from "../../src/params/pytree.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { type Rows, sum, toRows } from "../../src/testing/plain.js";
import { host, prepare, toJax, usePrecision } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { expectClose } from "../support/compare.js";
import { logSum, multiply, plainMixture, plainMoments } from "../support/plain.js";
import { tolerance } from "../tolerances.js";

type Host = { readonly [name: string]: HostArray };
const data = (a: HostArray | undefined): number[] => Array.from((a as HostArray).data);

/** A tree of host arrays as plain numbers, where a plain formula wants them. */
function plainHead(base: unknown) {
  const { network, center, logUnit } = base as {
    network: { weight: HostArray; bias: HostArray }[];
    center: HostArray;
    logUnit: HostArray;
  };
  return {
    layers: network.map(({ weight, bias }) => ({
      weight: toRows(weight.data, weight.shape[1] as number),
      bias: data(bias),
    })),
    center: data(center),
    logUnit: data(logUnit),
  };
}

describe("a mixture of the dropped coordinates: L = Σ s + log q against the formula (float64)", () => {
  // the formula has no condition; its own laws look at that
  const entries = catalog.filter(
    ({ name }) => name.startsWith("linear") && name.includes("mixture") && !name.includes("condition"),
  );

  it.each(entries)("$name", async (entry) => {
    const prepared = await prepare(entry, "float64");
    const { layer } = entry;
    const [n, m] = [layer.inShape, layer.outShape].map((shape) => shape[shape.length - 1] as number) as [
      number,
      number,
    ];
    const { z, contribution } = layer.forward(prepared.params(), prepared.x(), {});
    z.dispose();

    const params = prepared.hostParams as Host;
    const { base, logits, offsets, logWidths } = params.dropped as unknown as Host;
    const limit = entry.name.includes("five") ? 2 : 3;
    const y = multiply(toRows(await numbersOf(prepared.x()), n), toRows(data(params.rotateIn), n));
    const s = data(params.logScale);
    const w = y.map((row) => row.slice(n - m).map((v, j) => v * Math.exp(s[j] as number)));
    const { location, logScale } = plainMoments(w, plainHead(base), limit);
    const laws = [logits, offsets, logWidths].map((a) => toRows((a as HostArray).data, n - m)) as [
      Rows,
      Rows,
      Rows,
    ];
    const logs = y.map(
      (row, i) =>
        sum(s) + plainMixture(row.slice(0, n - m), location[i] as number[], logScale[i] as number[], ...laws),
    );
    // rows of the leading axes belong to one example
    const each = logs.length / (contribution.shape[0] as number);
    const examples = Array.from({ length: logs.length / each }, (_, i) =>
      sum(logs.slice(i * each, (i + 1) * each)),
    );
    expectClose(await numbersOf(contribution), examples, "contribution");
  });
});

/** Parameters of a density of one number, moved off their start. */
function movedDensity(kind: "gaussian" | "mixture") {
  usePrecision("float32");
  const density: ConditionalDensity = kind === "gaussian" ? gaussian(1, 2) : mixture(1, 2, { components: 4 });
  const rng = makeRng(5);
  const start = density.init(random.key(1));
  const move = (tree: unknown): unknown => {
    if (Array.isArray(tree)) return tree.map(move);
    if (Object.getPrototypeOf(tree) === Object.prototype)
      return Object.fromEntries(Object.entries(tree as object).map(([name, child]) => [name, move(child)]));
    const { shape } = tree as np.Array;
    const size = shape.reduce((a, b) => a * b, 1);
    const unit = shape.length === 2 ? 0.5 / Math.sqrt(shape[1] as number) : 0.5;
    return toJax(
      host(
        Array.from({ length: size }, () => unit * rng.normal()),
        shape,
      ),
      "float32",
    );
  };
  const params = move(start) as ArrayTree;
  return { density, params: () => treeRef(params) };
}

const context = (rows: number): np.Array =>
  toJax(host(Array.from({ length: rows }, () => [0.4, -0.8]).flat(), [rows, 2]), "float32");

describe.each(["gaussian", "mixture"] as const)("%s", (kind) => {
  it("integrates to 1", async () => {
    const { density, params } = movedDensity(kind);
    const [low, high, points] = [-25, 25, 4001];
    const step = (high - low) / (points - 1);
    const grid = Array.from({ length: points }, (_, i) => low + i * step);
    const logs = await numbersOf(
      density.logProb(params(), toJax(host(grid, [points, 1]), "float32"), context(points)),
    );
    const mass = sum(logs.map((v) => Math.exp(v) * step));
    expect(Math.abs(mass - 1)).toBeLessThan(tolerance("smoothIntegral"));
  });

  it("draws what it says: the density of the draws, from the noise, is the density", async () => {
    const { density, params } = movedDensity(kind);
    // a draw is location + scale · ε for each choice: average the Gaussians over the choices
    const choices = kind === "gaussian" ? 1 : 20_000;
    const draw = (normal: number): Promise<number[]> =>
      numbersOf(
        density.draw(params(), context(choices), {
          normal: np.full([choices, 1], normal, { dtype: np.float32 }),
          ...(kind === "mixture" && {
            choice: toJax(
              host(
                Array.from({ length: choices }, (_, i) => (i + 0.5) / choices),
                [choices, 1],
              ),
              "float32",
            ),
          }),
        }),
      );
    const [middle, upper] = [await draw(0), await draw(1)];
    const values = [-3, -1, -0.2, 0, 0.3, 1, 4];
    const ours = await numbersOf(
      density.logProb(params(), toJax(host(values, [values.length, 1]), "float32"), context(values.length)),
    );
    const expected = values.map(
      (v) =>
        logSum(
          middle.map((location, i) => {
            const scale = (upper[i] as number) - location;
            return -0.5 * (((v - location) / scale) ** 2 + Math.log(2 * Math.PI)) - Math.log(scale);
          }),
        ) - Math.log(choices),
    );
    // the choices are a grid: each border between components is off by at most one point in 20,000
    expect(Math.max(...ours.map((v, i) => Math.abs(v - (expected[i] as number))))).toBeLessThan(
      kind === "gaussian" ? tolerance("plain") : 2e-3,
    );
  });
});
