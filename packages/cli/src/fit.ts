import { type DataIn, type FitOptions, type Flow, fit as fitIn } from "@flowify/core";
import { withOwnExecutor } from "./ensemble.js";
import { defaultExecutor, NodeModel } from "./node-model.js";

const warn: NonNullable<FitOptions["onWarning"]> = ({ code, message }) =>
  process.emitWarning(message, { code: `FLOWIFY_${code}` });

/**
 * Trains a flow by maximum likelihood and returns the model: `fit` of `@flowify/core`, with ONNX Runtime where
 * onnxruntime-node is installed (as it is by default), else in WebAssembly. A model that chose its own place to compute
 * closes it with `dispose`. It is saved into a folder: `model.save("detector")`, `loadModel("detector")`.
 *
 * @example
 * ```ts
 * import { couplingFlow, fit } from "flowify";
 * const rows = Array.from({ length: 500 }, (_, i) => [Math.sin(i), Math.sin(i) ** 2 + 0.1 * Math.cos(7 * i)]);
 * const model = await fit(couplingFlow(2), rows, { steps: 100, seed: 7 });
 * const [likely, odd] = await model.logProb([[0.5, 0.25], [0.5, 0.9]]);
 * console.log(likely! > odd!);
 * await model.dispose();
 * // true
 * ```
 *
 * Errors: those of core's `fit`; `DeviceError`.
 */
export async function fit(flow: Flow, data: DataIn, options: FitOptions = {}): Promise<NodeModel> {
  const isRecord = typeof options === "object" && options !== null;
  if (!isRecord || Array.isArray(options)) return fitIn(flow, data, options) as never; // which refuses them
  return withOwnExecutor(options.executor, defaultExecutor, async (executor, own) => {
    const trained = await fitIn(flow, data, { ...options, onWarning: options.onWarning ?? warn, executor });
    await trained.dispose(); // its parameters stay on the host
    return new NodeModel(flow, trained.params, executor, { closesExecutor: own !== undefined });
  });
}
