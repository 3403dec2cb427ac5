import type { OrdinaryNetwork } from "@flowify/core";
import { DataError } from "@flowify/core";
import { type ConvertOptions, convertOnnx, isKeras, openOnnx, readKeras, readOnnx } from "@flowify/onnx";
import { expectShallow } from "../format/depth.js";
import { readJson } from "./network-file.js";
import { naming } from "./pretrained.js";

/**
 * The network of an ONNX file, with its weights, for `flowify`: with `frozen: true` its function stays as it is.
 * Weights may lie in files beside it. A Softmax at the end is left out.
 *
 * @throws UnsupportedOpError for an operator without a rule; DataError, ShapeError, DomainError for what is no ONNX file, or
 * one that is damaged; UsageError where there are several inputs or outputs and `options` name none. Each names the file
 *
 * @example
 * ```ts
 * import { fit, flowify, loadOnnx } from "flowify";
 * const network = await loadOnnx("classifier.onnx");
 * const model = await fit(flowify(network, { frozen: true }), images, { epochs: 1 });
 * ```
 */
export async function loadOnnx(path: string, options: ConvertOptions = {}): Promise<OrdinaryNetwork> {
  const { bytes, external } = openOnnx(path);
  return naming(path, () => convertOnnx(readOnnx(bytes, external), options).network);
}

/**
 * The network of a layers model of Keras or TensorFlow.js, from its `model.json` and the weights beside it, as `loadOnnx`
 * gives that of an ONNX file.
 *
 * @throws UnsupportedOpError for a layer without a rule; DataError for what is no layers model, or lacks weights. Each
 * names the file
 *
 * @example
 * ```ts
 * import { flowify, loadKeras } from "flowify";
 * const flow = flowify(await loadKeras("classifier/model.json"), { frozen: true });
 * ```
 */
export async function loadKeras(path: string, options: ConvertOptions = {}): Promise<OrdinaryNetwork> {
  const json = readJson(path);
  expectShallow(path, json);
  if (!isKeras(json))
    throw new DataError(
      `${path}: not a model of Keras or TensorFlow.js: expected "modelTopology" and "weightsManifest"`,
    );
  const { external } = openOnnx(path);
  return naming(path, () => convertOnnx(readOnnx(readKeras(json, external)), options).network);
}
