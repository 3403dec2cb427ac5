import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import {
  applyNetwork,
  encodeSafetensors,
  type Flow,
  flowify,
  MismatchError,
  type OrdinaryNetwork,
  UnsupportedOpError,
  UsageError,
} from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { CLOSE } from "@flowify/onnx";
import { type ConversionReport, comparisonInputs, conversionReport, refusal } from "@flowify/onnx/browser";
import { numpy as np } from "@jax-js/jax";
import { firstImages } from "../data/image-set.js";
import { loadDataSet } from "../data/registry.js";
import { withExecutor } from "../executors.js";
import { jsonText } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { choice, type FlagsOf, required, text, value } from "../flags/flag.js";
import { range, sizes } from "../flags/parsers.js";
import { argument, commonFlags, forceFlag, normalizeFlag, seedFlag } from "../flags/shared.js";
import { largestDifference } from "../networks/largest-difference.js";
import { fromPixels, ownNormalization } from "../networks/pixels.js";
import { isDescription, type PretrainedNetwork, readPretrained } from "../networks/pretrained.js";
import { describedNetwork, NETWORK, ORIGINAL, WEIGHTS } from "../networks/weights.js";
import { convertFunction } from "../opaque/convert.js";
import { FUNCTION, functionText } from "../opaque/function.js";
import { planOf } from "../opaque/plan.js";
import { valueAt } from "../places.js";
import { writeFiles } from "../runs/folder.js";
import { likelihoodWords } from "../runs/likelihood-summary.js";
import { expectFree, filesIn } from "../runs/outputs.js";
import { countOf, formatCount, shortened, table } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

const flags = {
  out: required("DIR", "Folder for the network and the report"),
  input: text(
    "NAME[,OTHER=NUMBER…]",
    "Input that holds the data, if the network has several; the others get zeros, or these numbers",
  ),
  output: text("NAME", "Value to use as the output; any value of the graph is allowed"),
  inputShape: value(sizes, "C,H,W", "Shape of one example, if the file leaves sizes open"),
  rules: text("FILE.js", "Module that exports rules for operators that flowify has no rule for"),
  range: value(range, "LOW:HIGH", "Range of the random inputs for the comparison (default: 0:1)"),
  data: text("NAME", "Also compare on images of this data set"),
  dataDir: text("DIR", "Folder with the files of the data set"),
  normalize: normalizeFlag,
  density: choice(["gaussian", "mixture"], "Density of dropped coordinates (default: mixture)"),
  seed: seedFlag("Seed of the random inputs (default: 0)"),
  grain: choice(
    ["layer", "network"],
    "Take the network as one step, or convert every layer (default: network, for JSON and with --rules layer)",
  ),
  force: forceFlag,
  ...commonFlags,
};

type ConvertFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [
    argument(
      "FILE",
      "An ONNX file, an .h5 or .keras file, the model.json of TensorFlow.js, or a network as JSON",
    ),
  ],
  flags,
  help: `Reads a pretrained network and makes it a part of a flow, which has a likelihood and draws inputs. Its
function stays as it is.

Any network that ONNX Runtime can run becomes one step, y = f(x) with some noise: its nodes and its
outputs keep their bytes. flowify train --from DIR then learns a flow of x given y.

--grain layer turns every layer into one of a flow instead, so that the ledger has a line for each.
It compares the two on 64 random inputs: ONNX Runtime runs the network, the flow runs in
deterministic mode. The table shows the layer that each node became, and how many coordinates of an
example it drops and adds. It also shows how many singular values were raised because the weights
lack full rank, and whether the likelihood of the layer is exact, a bound, or loses mass. A Softmax
at the end is left out: the logits are the output. Layers need a rule for each operator, take longer,
and their bound is looser than that of one step.

DIR receives original.onnx and function.json, with --grain layer network.json and weights.safetensors,
and report.json.

Exit status 3 means that an operator has no rule; the message names all of them. Exit status 1 means
that the layers compute a different function.

EXAMPLES
  flowify convert classifier.onnx --out converted
  flowify convert big.onnx --out features --output relu5 --input-shape 3,32,32
  flowify convert classifier.keras --out converted
  flowify convert classifier.onnx --out converted --grain layer --data mnist --normalize 0.1307:0.3081
  flowify convert net.json --out converted --json`,
  run: convert,
});

/** What a conversion writes. */
const REPORT = "report.json";
const FILES = [WEIGHTS, ORIGINAL, NETWORK, FUNCTION, REPORT] as const;

async function convert({ terminal }: Running, flags: ConvertFlags, file: string): Promise<void> {
  const { out } = flags;
  const { rules, data, dataDir } = flags;
  // without --force it begins in an empty folder
  const places = [...FILES.map((name) => join(out, name)), ...(flags.force ? [] : filesIn(out))];
  expectFree(places, flags, { inputs: [file, rules, data, dataDir] });
  const isGraph = !isDescription(file);
  const { grain = isGraph && rules === undefined ? "network" : "layer" } = flags;
  if (grain === "layer") return convertLayers(file, flags, terminal);
  if (!isGraph)
    throw new UsageError(`--grain network: ${file} holds layers of flowify, no graph\nleave it out`);
  return convertWhole(file, flags, terminal);
}

/** Writes a network as one step. */
async function convertWhole(file: string, flags: ConvertFlags, terminal: Terminal): Promise<void> {
  const { out } = flags;
  const found = await convertFunction(file, flags);
  const { report, lines } = planOf(file, found);
  for (const name of [NETWORK, WEIGHTS]) rmSync(join(out, name), { force: true }); // of an earlier conversion
  await writeFiles(out, async (write) => {
    await write(ORIGINAL, found.original);
    await write(FUNCTION, functionText(found.of));
    await write(REPORT, jsonText(report));
  });
  for (const line of lines) terminal.say(line);
  const unused = (["data", "normalize", "density"] as const).filter((name) => flags[name] !== undefined);
  if (unused.length > 0)
    terminal.say(
      `not used: ${unused.map((name) => `--${name}`).join(", ")}, which --grain layer and flowify train take`,
    );
  terminal.say(`wrote ${out}; train its inverse with flowify train --from ${out} --data …`);
  terminal.document(report);
}

/** Turns every layer into one of a flow, and compares both. */
async function convertLayers(file: string, flags: ConvertFlags, terminal: Terminal): Promise<void> {
  const { out, density = "mixture" } = flags;
  const pretrained = await readPretrained(file, flags).catch((error: unknown) => {
    if (!(error instanceof UnsupportedOpError)) throw error;
    const { op, node, all, message } = error;
    terminal.document({ ...refusal(basename(file), error), blockers: all });
    const hint = "or take the network as one step: --grain network";
    throw new UnsupportedOpError(op, node, `${message}\n${hint}`, { cause: error, all });
  });
  terminal.note(
    `${countOf(pretrained.network.layers.length, "layer")} become${pretrained.network.layers.length === 1 ? "s" : ""} a flow`,
  );
  const flow = flowify(pretrained.network, { density });
  await withExecutor(flags, terminal, async (executor) => {
    const inputs = await inputsFor(pretrained.network, flags);
    terminal.note(`comparing both on ${inputs.length / sizeOf(flow.inShape)} inputs`);
    const maxRelDiff = await largestDifference(pretrained, flow, executor, inputs, terminal);
    const seen = { maxRelDiff, inputs: inputs.length / sizeOf(flow.inShape) };
    const report = conversionReport(basename(file), flow, pretrained, seen);
    await write(out, pretrained, report);
    say(terminal, out, report, pretrained, flow);
    terminal.document(report);
    expectSameFunction(out, maxRelDiff, flags);
  });
}

/** Random examples in the input range of the network, and images of a data set if one is named. */
async function inputsFor(network: OrdinaryNetwork, flags: ConvertFlags): Promise<Float32Array<ArrayBuffer>> {
  const { inShape } = network;
  const { range, seed, data, dataDir, normalize = ownNormalization(network) } = flags;
  const random = comparisonInputs(inShape, range, seed);
  if (data === undefined) return random;
  const images = firstImages(
    await loadDataSet({ name: data, dir: dataDir }, "test"),
    random.length / sizeOf(inShape),
  );
  const front = { inShape: images.shape, layers: fromPixels(images.shape, inShape, normalize) };
  const pixels = np.array(Float32Array.from(images.images)).reshape([images.count, ...images.shape]);
  const real = (await applyNetwork(front, pixels).data()) as Float32Array;
  return Float32Array.from([...random, ...real]);
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
  // of an earlier conversion
  for (const name of original ? [FUNCTION] : [FUNCTION, ORIGINAL]) rmSync(join(out, name), { force: true });
  const { description, tensors } = describedNetwork(network);
  await writeFiles(out, async (write) => {
    await write(WEIGHTS, encodeSafetensors(tensors));
    if (original) await write(ORIGINAL, original);
    await write(NETWORK, jsonText(description));
    await write(REPORT, jsonText(report));
  });
}

function say(
  { say: line, colors }: Terminal,
  out: string,
  { file, layers, maxRelDiff, inputs, inputShape, outputShape }: ConversionReport,
  { leftOut }: PretrainedNetwork,
  { chain, likelihood }: Flow,
): void {
  line(
    `${colors.bold(file)}: ${inputShape.join("×")} → ${outputShape.join("×")}, likelihood ${likelihoodWords[likelihood]}`,
  );
  for (const name of leftOut) line(`left out at the end: ${name}; its input is the output`);
  line();
  const some = (count: number): string => (count > 0 ? formatCount(count) : "");
  const rows = layers.map(({ from, to, likelihood: own, droppedDims, addedDims, flooredValues }, i) => {
    const { inShape, outShape } = valueAt(chain.layers, i);
    return [
      shortened(from),
      to,
      `${formatCount(sizeOf(inShape))} → ${formatCount(sizeOf(outShape))}`,
      ...[droppedDims, addedDims, flooredValues].map(some),
      own,
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
