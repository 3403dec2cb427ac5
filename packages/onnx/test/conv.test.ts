/** In deterministic mode every convolution of the catalog is ONNX Runtime's own Conv. */

import type { InferenceSession } from "onnxruntime-node";
import { beforeAll, describe, it } from "vitest";
import { constant, nodesOf } from "../../../test/onnx-graph.js";
import { numbersOf } from "../../core/src/testing/arrays.js";
import { prepare } from "../../core/src/testing/prepare.js";
import { convolutions } from "../../core/test/catalog-images.js";
import { expectClose } from "../../core/test/support/compare.js";
import { type PlainConv, plainConvOf } from "../../core/test/support/plain-conv.js";
import { toBytes } from "../src/index.js";
import { nativeRuntime, type Runtime, sessionOptions } from "../src/runtime.js";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nativeRuntime();
});

/** A model of one node, Conv. */
function modelOf(conv: PlainConv, inShape: readonly number[], outShape: readonly number[]): Uint8Array {
  const { kernel, strides, dilations, pads, groups, weight, bias } = conv;
  const inputs = (inShape[1] as number) / groups;
  return toBytes({
    name: "conv",
    inputs: [{ name: "x", type: "float32", shape: inShape }],
    outputs: [{ name: "z", type: "float32", shape: outShape }],
    constants: [
      constant("W", [weight.length, inputs, ...kernel], Float32Array.from(weight.flat())),
      constant("b", [bias.length], Float32Array.from(bias)),
    ],
    nodes: nodesOf([
      ["Conv", ["x", "W", "b"], "z", { kernel_shape: kernel, strides, dilations, pads, group: groups }],
    ]),
  });
}

async function run(model: Uint8Array, x: readonly number[], shape: readonly number[]): Promise<number[]> {
  const session: InferenceSession = await runtime.InferenceSession.create(model, sessionOptions(1, false));
  try {
    const { z } = await session.run({ x: new runtime.Tensor("float32", Float32Array.from(x), shape) });
    return Array.from(z?.data as Float32Array);
  } finally {
    await session.release();
  }
}

describe("deterministic mode is ONNX Runtime's Conv with the kernel that the parameters stand for", () => {
  it.each(convolutions)("$entry.name", async (one) => {
    const { layer, batch = 3 } = one.entry;
    const { params, x, meanNoise, hostParams } = await prepare(one.entry, "float32");
    const { z, contribution } = layer.forward(params(), x(), meanNoise(layer.forwardNoise));
    contribution.dispose();
    const { inShape } = one;
    const images = [batch, ...inShape];
    const rows = layer.outShape.length === 2 ? [one.out, 1, layer.outShape[1] as number] : layer.outShape;
    const model = modelOf(plainConvOf(one, hostParams), images, [batch, ...rows]);
    expectClose(await numbersOf(z), await run(model, await numbersOf(x()), images), "plain");
  });
});
