import { beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../src/entries/layer.js";
import type { Flow } from "../src/flow.js";
import { flow, flowify, type NetworkLayer } from "../src/index.js";
import { linear } from "../src/layers/linear.js";
import { monotone } from "../src/layers/monotone.js";
import { rqSpline } from "../src/layers/rq-spline.js";
import { usePrecision } from "../src/testing/prepare.js";
import { logProbs, randomParams, squareGrid } from "./support/grid.js";
import { tolerance } from "./tolerances.js";

beforeAll(() => usePrecision("float32"));

const network = (...layers: NetworkLayer[]): Flow => flowify({ inShape: [2], layers });
const square = { kind: "linear", out: 2 } as const;

/** The integral of exp(log p) over the plane. */
async function massOf(made: Flow): Promise<number> {
  const { points, area } = squareGrid(20, 800);
  const logs = await logProbs(made, await randomParams(made, 3), points);
  return logs.reduce((sum, log) => sum + Math.exp(log) * area, 0);
}

const LOST = 0.01;

describe("a flow whose layers fill a part of what follows loses mass, and says so", () => {
  it.each<[string, Flow, number]>([
    ["softplus at the end", network(square, { kind: "softplus" }), 1],
    ["elu at the end", network(square, { kind: "elu" }), 1],
    ["celu at the end", network(square, { kind: "celu", alpha: 2 }), 1],
    ["selu at the end", network(square, { kind: "selu" }), 1],
    ["tanh in the middle", network(square, { kind: "tanh" }, square), 1],
    ["SiLU in the middle", network(square, { kind: "selfGated", function: "silu" }, square), 1],
    ["sigmoid in the middle", network(square, { kind: "sigmoid" }, square), 1],
    [
      "tanh in front of a uniform base of another interval",
      flow([linear(2, 2), monotone([2], "tanh")], uniform([2], [-2, 2])),
      1,
    ],
  ])("%s", async (_, made, at) => {
    expect(made.likelihood).toBe("loses mass");
    expect(made.exact).toBe(false);
    expect(made.ledgerLines[at]).toMatchObject({ likelihood: "loses mass", exact: false });
    expect(made.ledgerLines.filter(({ likelihood }) => likelihood !== "exact")).toHaveLength(1);
    expect(await massOf(made)).toBeLessThan(1 - LOST);
  });

  it.each<[string, Flow]>([
    ["a sigmoid in front of a uniform base", network(square, { kind: "sigmoid" })],
    ["a tanh in front of one", network(square, { kind: "tanh" })],
    [
      "a tanh, with entries moved behind it",
      flow(
        [linear(2, 2), monotone([2], "tanh"), network({ kind: "permuteChannels", seed: 1 }).chain],
        uniform([2], [-1, 1]),
      ),
    ],
    ["functions onto the line", network(square, { kind: "leakyRelu" }, { kind: "rqSpline" }, square)],
    [
      "a spline in front of a sigmoid",
      flow([rqSpline([2]), linear(2, 2), monotone([2], "sigmoid")], uniform([2])),
    ],
  ])("%s loses none", async (_, made) => {
    expect([made.likelihood, made.exact]).toEqual(["exact", true]);
    expect(Math.abs((await massOf(made)) - 1)).toBeLessThan(tolerance("integral"));
  });

  it("uniform augmentation noise loses mass, Gaussian noise is a bound", () => {
    const wider = { inShape: [1], layers: [{ kind: "linear", out: 2 } as const] };
    expect(flowify(wider, { augmentation: "uniform" }).ledgerLines[0]).toMatchObject({
      likelihood: "loses mass",
    });
    expect(flowify(wider, { augmentation: "gaussian" }).likelihood).toBe("bound");
  });

  it("layers inside of layers count", () => {
    const inside = network(
      { kind: "branches", join: "add", branches: [[], [square, { kind: "tanh" }]] },
      square,
    );
    expect(inside.ledgerLines[0]).toMatchObject({ likelihood: "loses mass" });
  });

  it("noise between levels stays a bound", () => {
    expect(network({ kind: "dequantize" }, square).likelihood).toBe("bound");
  });
});
