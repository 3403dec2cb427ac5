import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import {
  applyNetwork,
  DeviceError,
  type Executor,
  encodeSafetensors,
  type Flow,
  FlowModel,
  flowify,
  MismatchError,
  type OrdinaryNetwork,
  UnsupportedOpError,
  UsageError,
} from "@flowify/core";
import {
  CLOSE,
  type ConversionReport,
  comparisonInputs,
  conversionReport,
  factsOf,
  loadRuntime,
  openOriginal,
  refusal,
  relativeDifference,
} from "@flowify/onnx";
import { numpy as np } from "@jax-js/jax";
import { firstImages } from "../data/image-set.js";
import { loadDataSet } from "../data/registry.js";
import { openExecutor } from "../executors.js";
import { writeFileAtomic } from "../files/atomic.js";
import type { Normalization } from "../flags/parsers.js";
import type { CommonFlags } from "../flags/shared.js";
import { fromPixels, ownNormalization } from "../networks/pixels.js";
import { type PretrainedNetwork, readPretrained } from "../networks/pretrained.js";
import { describedNetwork, NETWORK, ORIGINAL, WEIGHTS } from "../networks/weights.js";
import { makeFolder } from "../runs/folder.js";
import type { CliContext } from "../ui/context.js";
import { formatCount } from "../ui/format.js";
import { table } from "../ui/table.js";
import { createTerminal, type Terminal } from "../ui/terminal.js";

export type ConvertFlags = CommonFlags & {
  out: string;
  input?: string;
  output?: string;
  inputShape?: readonly number[];
  rules?: string;
  range?: readonly [low: number, high: number];
  data?: string;
  dataDir?: string;
  normalize?: Normalization;
  density?: "gaussian" | "mixture";
  seed?: number;
  force?: boolean;
};

export async function convert(this: CliContext, flags: ConvertFlags, file: string): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false, out, force = false, density = "mixture" } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json, quiet });
  checkFolder(out, force);
  try {
    const pretrained = await readPretrained(file, flags);
    const flow = flowify(pretrained.network, { density });
    const executor = await openExecutor(flags.device ?? "auto", terminal, flags);
    try {
      const inputs = await inputsFor(pretrained.network, flags);
      const maxRelDiff = await largestDifference(pretrained, flow, executor, inputs, terminal);
      const seen = { maxRelDiff, inputs: inputs.length / size(flow.inShape) };
      const report = conversionReport(basename(file), flow, pretrained, seen);
      await write(out, pretrained, report);
      say(terminal, out, report, pretrained, flow);
      terminal.document(report);
      expectSameFunction(out, maxRelDiff, flags);
    } finally {
      await executor.dispose();
    }
  } catch (error) {
    if (error instanceof UnsupportedOpError) terminal.document(refusal(basename(file), error));
    throw error;
  }
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** @throws UsageError if `out` is a file, or (without `force`) not empty */
function checkFolder(out: string, force: boolean): void {
  if (!existsSync(out)) return;
  if (!statSync(out).isDirectory()) throw new UsageError(`--out ${out}: a file, expected a folder`);
  if (force || readdirSync(out).length === 0) return;
  throw new UsageError(
    `--out ${out}: not empty\noverwrite an earlier conversion with --force, or choose another folder`,
  );
}

/** Random examples in the input range of the network, and images of a data set if one is named. */
async function inputsFor(network: OrdinaryNetwork, flags: ConvertFlags): Promise<Float32Array<ArrayBuffer>> {
  const { inShape } = network;
  const { range, seed, data, dataDir, normalize = ownNormalization(network) } = flags;
  const random = comparisonInputs(inShape, range, seed);
  if (data === undefined) return random;
  const images = firstImages(
    await loadDataSet({ name: data, dir: dataDir }, "test"),
    random.length / size(inShape),
  );
  const front = { inShape: images.shape, layers: fromPixels(images.shape, inShape, normalize) };
  const pixels = np.array(Float32Array.from(images.images)).reshape([images.count, ...images.shape]);
  const real = (await applyNetwork(front, pixels).data()) as Float32Array;
  return Float32Array.from([...random, ...real]);
}

/**
 * Largest difference between the network (run by ONNX Runtime if it came from an ONNX file) and the flow in
 * deterministic mode.
 */
async function largestDifference(
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

/** @throws MismatchError if network and flow differ by more than rounding errors */
function expectSameFunction(out: string, difference: number, { rules }: ConvertFlags): void {
  if (difference <= CLOSE) return;
  const far =
    difference === Number.POSITIVE_INFINITY
      ? "one of the two outputs is not finite"
      : `${difference.toExponential(1)} of the largest entry`;
  throw new MismatchError(
    `the flow computes a different function from the network, expected the same: largest difference: ${far}\n${out} is written for inspection: do not train from it${rules === undefined ? "" : `\ncheck that each rule of ${rules} computes its operator`}`,
  );
}

async function write(
  out: string,
  { network, original }: PretrainedNetwork,
  report: ConversionReport,
): Promise<void> {
  makeFolder(out);
  const { description, tensors } = describedNetwork(network);
  await writeFileAtomic(join(out, WEIGHTS), encodeSafetensors(tensors));
  if (original) await writeFileAtomic(join(out, ORIGINAL), original);
  await writeFileAtomic(join(out, NETWORK), `${JSON.stringify(description, null, 2)}\n`);
  await writeFileAtomic(join(out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
}

function say(
  { say: line, colors }: Terminal,
  out: string,
  { file, layers, maxRelDiff, inputs, inputShape, outputShape }: ConversionReport,
  { leftOut }: PretrainedNetwork,
  { chain }: Flow,
): void {
  const exact = layers.every((layer) => layer.exact);
  line(
    `${colors.bold(file)}: ${inputShape.join("×")} → ${outputShape.join("×")}, likelihood ${exact ? "exact" : "a lower bound"}`,
  );
  for (const name of leftOut) line(`left out at the end: ${name}; its input is the output`);
  line();
  const some = (count: number): string => (count > 0 ? formatCount(count) : "");
  const rows = layers.map(({ from, to, exact: isExact, droppedDims, addedDims }, i) => {
    const { inShape, outShape } = chain.layers[i]!;
    const { floored } = factsOf(chain.layers[i]!);
    return [
      shortened(from),
      to,
      `${formatCount(size(inShape))} → ${formatCount(size(outShape))}`,
      ...[droppedDims, addedDims, floored].map(some),
      isExact ? "exact" : "bound",
    ];
  });
  for (const row of table(
    [["node", "layer", "numbers", "drops", "adds", "floored", "likelihood"], ...rows],
    [false, false, false, true, true, true],
  ))
    line(row);
  line();
  line(`largest relative difference on ${inputs} inputs: ${maxRelDiff?.toExponential(1)}`);
  if (maxRelDiff !== null && maxRelDiff <= CLOSE)
    line(`wrote ${out}; train its inverses with flowify train --from ${out} --data …`);
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
