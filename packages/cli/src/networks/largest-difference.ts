import { applyNetwork, DeviceError, type Executor, type Flow, FlowModel } from "@flowify/core";
import { loadRuntime, openOriginal } from "@flowify/onnx";
import { relativeDifference } from "@flowify/onnx/browser";
import { numpy as np } from "@jax-js/jax";
import type { Terminal } from "../ui/terminal.js";
import type { PretrainedNetwork } from "./pretrained.js";

/**
 * Largest difference between the network (run by ONNX Runtime if it came from an ONNX file) and the flow in
 * deterministic mode.
 */
export async function largestDifference(
  pretrained: PretrainedNetwork,
  flow: Flow,
  executor: Executor,
  inputs: Float32Array<ArrayBuffer>,
  { warn }: Terminal,
): Promise<number> {
  const wanted = await computed(pretrained, inputs, warn);
  const model = await FlowModel.create(flow, executor);
  try {
    return relativeDifference(wanted, await model.encode(inputs, { mode: "deterministic" }));
  } finally {
    await model.dispose();
  }
}

async function computed(
  { network, original: bytes }: PretrainedNetwork,
  inputs: Float32Array<ArrayBuffer>,
  warn: Terminal["warn"],
): Promise<Float32Array> {
  try {
    if (bytes) {
      const original = await openOriginal(await loadRuntime(), bytes);
      try {
        if (original.isHalf) throw new DeviceError("this file rounds all results to float16");
        return await original.run(inputs);
      } finally {
        await original.dispose();
      }
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    warn(`${error.message.split("\n")[0]}; the comparison uses the layers as read from the file`);
  }
  const x = np.array(inputs).reshape([-1, ...network.inShape]);
  return (await applyNetwork(network, x).data()) as Float32Array;
}
