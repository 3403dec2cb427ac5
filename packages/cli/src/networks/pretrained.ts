import { existsSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type OrdinaryNetwork, UsageError } from "@flowify/core";
import { outShape } from "@flowify/core/internal";
import type { Shape } from "@flowify/core/layer";
import { type ConvertOptions, convertOnnx, type ImportRules, isKeras, readOnnx } from "@flowify/onnx";
import { nodesInWords, standaloneOnnx } from "@flowify/onnx/browser";
import { expectRegularFile, readJson } from "../files/regular-file.js";
import { openForInput } from "./model-file.js";
import { naming } from "./naming.js";
import { readNetworkFile, readWeights } from "./network-file.js";
import { networkOfDescription } from "./weights.js";

/** A pretrained network from a file. */
export type PretrainedNetwork = Readonly<{
  network: OrdinaryNetwork;
  outShape: Shape;
  /** Origin of each layer, as named in the file. */
  origins: readonly string[];
  /** Functions left out at the end. */
  leftOut: readonly string[];
  /** The ONNX file with the network's result as its output; absent for other formats. */
  original?: Uint8Array;
}>;

/**
 * Reads a trained network from an ONNX file, a model of Keras or TensorFlow.js, or a network described in JSON.
 *
 * @throws the errors of `readOnnx`, `convertOnnx`, `openModelFile` and `readNetworkFile`; each names the file
 */
export async function readPretrained(
  file: string,
  { rules: rulesFile, input: named, output, inputShape }: Omit<ConvertOptions, "rules"> & { rules?: string },
): Promise<PretrainedNetwork> {
  if (isDescription(file)) return described(file);
  const rules = rulesFile === undefined ? {} : await readRules(rulesFile);
  const { bytes, external, input } = await openForInput(file, named);
  const options: ConvertOptions = {
    rules,
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(inputShape && { inputShape }),
  };
  const converted = await naming(file, () => convertOnnx(readOnnx(bytes, external), options));
  return {
    network: converted.network,
    outShape: converted.outShape,
    ...nodesInWords(converted),
    original: standaloneOnnx(bytes, converted, external),
  };
}

/** True for layers as JSON, as flowify convert writes them. */
export const isDescription = (file: string): boolean => extname(file) === ".json" && !isKeras(readJson(file));

function described(file: string): PretrainedNetwork {
  const description = readNetworkFile(file);
  const network = networkOfDescription(
    description,
    readWeights(dirname(file), description),
  ) as OrdinaryNetwork;
  return {
    network,
    outShape: outShape(network.layers, network.inShape),
    origins: network.layers.map(({ kind }, i) => `layers[${i}] ${kind}`),
    leftOut: [],
  };
}

/** The rules that a module exports. */
async function readRules(file: string): Promise<ImportRules> {
  if (!existsSync(file)) throw new UsageError(`--rules ${file}: no such file`);
  expectRegularFile(file);
  const url = pathToFileURL(resolve(file)).href;
  const { rules } = await import(url).then(
    (module: { rules?: ImportRules }) => module,
    (cause: unknown) => {
      throw new UsageError(`--rules ${file}: cannot be loaded: ${String(cause)}`, { cause });
    },
  );
  if (
    typeof rules === "object" &&
    rules !== null &&
    Object.values(rules).every((rule) => typeof rule === "function")
  )
    return rules;
  throw new UsageError(
    `--rules ${file}: exports no rules\nexpected a module with: export const rules = { Op: (call) => [layers] }`,
  );
}
