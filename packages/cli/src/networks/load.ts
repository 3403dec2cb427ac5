import type { OrdinaryNetwork } from "@flowify/core";
import { DataError } from "@flowify/core";
import { type ConvertOptions, convertOnnx, isKeras, openOnnx, readOnnx } from "@flowify/onnx";
import { readJson } from "../files/regular-file.js";
import { openModelFile } from "./model-file.js";
import { naming } from "./naming.js";
import { isNetworkFile } from "./network-file.js";

/**
 * The network of an ONNX file, with its weights, for `flowify`: with `frozen: true` its function stays as it is.
 * Weights may lie in files beside it. A Softmax at the end is left out.
 *
 * @throws UnsupportedOpError for an operator without a rule; DataError, ShapeError, DomainError for other files, or
 * one that is damaged; UsageError where there are several inputs or outputs and `options` name none. Each names the file
 *
 * @example
 * ```ts
 * import { fit, flowify, loadOnnx } from "flowify";
 * const network = await loadOnnx("classifier.onnx"); // of images of 28 × 28
 * const images = Array.from({ length: 64 }, (_, i) => Array.from({ length: 784 }, (_, k) => Math.sin(i * k)));
 * const model = await fit(flowify(network, { frozen: true }), images, { steps: 2, seed: 7 });
 * console.log((await model.logProb(images.slice(0, 3))).length);
 * await model.dispose();
 * // 3
 * ```
 */
export async function loadOnnx(path: string, options: ConvertOptions = {}): Promise<OrdinaryNetwork> {
  const { bytes, external } = openOnnx(path);
  return naming(path, () => convertOnnx(readOnnx(bytes, external), options).network);
}

/**
 * The network of a model that Keras or TensorFlow.js saved, as `loadOnnx` returns that of an ONNX file: an `.h5` file, a
 * `.keras` file, or a `model.json` with the weights beside it. The first two need the optional package `h5wasm`.
 *
 * @throws UnsupportedOpError for a layer without a rule; DataError for a file without a model or without weights;
 * UsageError if `h5wasm` is not installed. Each names the file
 */
export async function loadKeras(path: string, options: ConvertOptions = {}): Promise<OrdinaryNetwork> {
  if (isNetworkFile(path) && !isKeras(readJson(path)))
    throw new DataError(
      `${path}: not a model of Keras or TensorFlow.js: expected "modelTopology" and "weightsManifest"`,
    );
  const { bytes, external } = await openModelFile(path);
  return naming(path, () => convertOnnx(readOnnx(bytes, external), options).network);
}
