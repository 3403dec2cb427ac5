import { applyNetwork, FlowifyError, FlowModel, flowify, jaxExecutor } from "@flowify/core";
import {
  type ConvertedNetwork,
  comparisonInputs,
  conversionReport,
  convertOnnx,
  nodesInWords,
  readOnnx,
  relativeDifference,
} from "@flowify/onnx/browser";
import { numpy as np } from "@jax-js/jax";
import type { Progress, RunImages } from "../../run/session.js";
import type { Backend } from "../../shell/schemas.js";
import { openBackend, orInWasm } from "../../worker/backend.js";
import type { CallContext } from "../../worker/messages.js";
import type { Normalization, OnnxFiles, OpenedNetwork } from "./calls.js";
import { type DigitGuard, fitDigitGuard } from "./guard.js";
import { ofDigits, type PreimagesOptions, PretrainedModel } from "./pretrained.js";

type Begin = Readonly<{ normalization: Normalization; backend: Backend; images: RunImages }>;

let converted: ConvertedNetwork | undefined;
let given: PretrainedModel | undefined;
let guard: DigitGuard | undefined;

async function forgetGuard(): Promise<void> {
  const last = guard;
  guard = undefined;
  await last?.dispose().catch(() => {}); // the arrays of a lost device are lost
}

function opened(): PretrainedModel {
  if (given) return given;
  throw new Error("the network is not a density yet");
}

/** Largest difference between the network as read and its flow in deterministic mode, on random inputs. */
async function difference({ network }: ConvertedNetwork, flow: FlowModel["flow"]) {
  const inputs = comparisonInputs(network.inShape);
  const count = inputs.length / flow.dimensions;
  const wanted = await applyNetwork(
    network,
    np.array(inputs.slice()).reshape([count, ...network.inShape]),
  ).data();
  const model = await FlowModel.create(flow, jaxExecutor());
  try {
    const found = await model.encode(inputs, { mode: "deterministic" });
    return { maxRelDiff: relativeDifference(wanted, found), inputs: count };
  } finally {
    await model.dispose();
  }
}

/** Calls to the worker that holds a pretrained network. */
export const networkHandlers = {
  async "network.open"(
    { file, bytes, beside }: OnnxFiles,
    { emit }: CallContext<Progress>,
  ): Promise<OpenedNetwork> {
    emit({ stage: "reading the file", done: 0, of: 3 });
    const graph = readOnnx(bytes, (location) => beside[location]);
    const [first] = graph.outputs;
    const found = convertOnnx(graph, first && { output: first.name });
    converted = found;
    emit({ stage: "building its flow", done: 1, of: 3 });
    const flow = flowify(found.network, { density: "mixture" });
    emit({ stage: "comparing the two", done: 2, of: 3 });
    const { origins, leftOut } = nodesInWords(found);
    const seen = await difference(found, flow);
    const report = conversionReport(file, flow, { ...found, origins }, seen);
    return { report, leftOut, ...notForDigits(found) };
  },

  /** Builds the flow of pixels, with its inverses initialized from digits: bits per dimension of the test digits. */
  async "network.begin"(
    { normalization, backend, images }: Begin,
    { emit }: CallContext<Progress>,
  ): Promise<number> {
    if (!converted) throw new Error("no network is open");
    const { network } = converted;
    const begun = await PretrainedModel.begin(
      network,
      normalization,
      await openBackend(backend),
      images,
      emit,
    );
    await forgetGuard();
    await given?.dispose().catch(() => {}); // the arrays of a lost device are lost
    given = begun;
    return given.bitsPerDimension(images);
  },

  "network.read": async ({ pixels }: { pixels: Uint8Array }) => opened().read(pixels),

  /** Fits a guard of the network to digits: how many of them it is calibrated by. */
  async "network.guard"(
    { train, backend }: { train: Uint8Array; backend: Backend },
    context: CallContext<Progress>,
  ): Promise<number> {
    await forgetGuard();
    guard = await orInWasm(await openBackend(backend), (executor) =>
      fitDigitGuard(executor, opened(), train, context),
    );
    return guard.heldOut;
  },

  /** p of a digit; 1 where there is no guard any more. */
  "network.judge": async ({ pixels }: { pixels: Uint8Array }) => (guard ? guard.p(pixels) : 1),
  "network.preimages": async ({ pixels, ...options }: { pixels: Uint8Array } & PreimagesOptions) =>
    opened().preimages(pixels, options),
};

function notForDigits({ network }: ConvertedNetwork): Pick<OpenedNetwork, "notForDigits"> {
  try {
    ofDigits(network, "unit");
    return {};
  } catch (error) {
    if (error instanceof FlowifyError) return { notForDigits: error.message };
    throw error;
  }
}
