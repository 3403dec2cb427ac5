import { numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { flowShape } from "../../src/entries/internal.js";
import {
  applyNetwork,
  FlowModel,
  flowify,
  jaxExecutor,
  type NetworkLayer,
  type OrdinaryNetwork,
  ShapeError,
  UnsupportedOpError,
} from "../../src/index.js";
import { outShape } from "../../src/network/apply-network.js";

const weight = Float32Array.of(0.6, -0.3, 0.2, 0.1, 0.8, -0.5);
const network = {
  inShape: [1, 3],
  layers: [
    { kind: "permute", order: [2, 0, 1] },
    { kind: "flatten" },
    { kind: "affine", scale: Float32Array.of(2), shift: Float32Array.of(1, 0, -1) },
    { kind: "linear", out: 2, weights: { weight, bias: Float32Array.of(0.1, -0.2) } },
    { kind: "leakyRelu", slope: 0.5 },
  ],
} as const satisfies OrdinaryNetwork;

describe("evaluate", () => {
  it("is what the flow computes in deterministic mode", async () => {
    const x = Float32Array.of(1, 2, -1, -0.5, 0, 3);
    const plain = await applyNetwork(network, np.array(x).reshape([2, 1, 3])).data();
    const model = await FlowModel.create(flowify(network), jaxExecutor());
    const flow = await model.encode(x, { mode: "deterministic" });
    await model.dispose();
    expect(outShape(network.layers, network.inShape)).toEqual([2]);
    plain.forEach((value, i) => {
      expect(flow[i]).toBeCloseTo(value, 5);
    });
  });

  it.each<[string, NetworkLayer]>([
    ["squeeze", { kind: "squeeze" }],
    ["unsqueeze", { kind: "unsqueeze" }],
    ["split, by half", { kind: "split" }],
    ["split, one channel", { kind: "split", leaving: 1 }],
    ["marginal", { kind: "marginal" }],
    [
      "a branch",
      { kind: "branches", join: "concat", branches: [[{ kind: "squeeze" }], [{ kind: "squeeze" }]] },
    ],
  ])("knows the shape after a layer of flows: %s", (_, layer) => {
    const inShape = [8, 4, 2];
    const { latentShape } = flowify({ inShape, layers: [layer] });
    expect(flowShape([layer], inShape)).toEqual(latentShape);
  });

  it("refuses layers that exist in flows only, layers without weights, and other shapes", () => {
    const of = (layer: unknown) => ({ inShape: [3], layers: [layer] }) as OrdinaryNetwork;
    const run = (wrong: OrdinaryNetwork) => () => applyNetwork(wrong, np.zeros([1, ...wrong.inShape]));
    expect(run(of({ kind: "dequantize" }))).toThrow(UnsupportedOpError);
    expect(run(of({ kind: "linear", out: 2 }))).toThrow(/linear: has no weights/);
    expect(() => applyNetwork(network, np.zeros([2, 3]))).toThrow(ShapeError);
  });
});
