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
import { guardOfRows } from "flowify/tables/browser";
import type { Progress, RunImages } from "../../run/session.js";
import type { Backend } from "../../shell/schemas.js";
import { seldom } from "../../ui/coalesce.js";
import { openBackend, orInWasm } from "../../worker/backend.js";
import type { CallContext } from "../../worker/messages.js";
import type { Normalization, OnnxFiles } from "./calls.js";
import { ofDigits, type PreimagesOptions, PretrainedModel } from "./pretrained.js";

type Begin = Readonly<{ normalization: Normalization; backend: Backend; images: RunImages }>;

let converted: ConvertedNetwork | undefined;
let given: PretrainedModel | undefined;
let guard: Awaited<ReturnType<typeof guardOfRows>> | undefined;

/** Training steps of the guard. */
const STEPS = 200;

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
  async "network.open"({ file, bytes, beside }: OnnxFiles, { emit }: CallContext<Progress>) {
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
    return {
      report,
      /** Functions left out at the end. */
      leftOut,
      notForDigits: whyNotForDigits(found),
    };
  },

  /** Builds the flow of pixels, with its inverses initialized from digits: bits per dimension of the test digits. */
  async "network.begin"(
    { normalization, backend, images }: Begin,
    { emit }: CallContext<Progress>,
  ): Promise<number> {
    if (!converted) throw new Error("no network is open");
    const executor = await openBackend(backend);
    const begun = await PretrainedModel.begin(converted.network, normalization, executor, images, emit);
    await forgetGuard();
    await given?.dispose().catch(() => {}); // the arrays of a lost device are lost
    given = begun;
    return given.bitsPerDimension(images);
  },

  "network.read": async ({ pixels }: { pixels: Uint8Array }) => opened().read(pixels),

  /** Fits a guard of the network to digits: how many of them it is calibrated by. */
  async "network.guard"(
    { train, backend }: { train: Uint8Array; backend: Backend },
    { emit, signal }: CallContext<Progress>,
  ): Promise<number> {
    await forgetGuard();
    const tell = seldom(emit);
    const onStep = (done: number): void => tell({ stage: "training the detector", done, of: STEPS });
    emit({ stage: "digits through the network", done: 0, of: STEPS });
    const taps = await opened().taps(train);
    const options = { seed: 0, steps: STEPS, signal, onStep };
    guard = await orInWasm(await openBackend(backend), (executor) => guardOfRows(executor, taps, options));
    return guard.heldOut;
  },

  /** p of a digit; 1 where there is no guard any more. */
  "network.judge": async ({ pixels }: { pixels: Uint8Array }) =>
    guard ? guard.p(await opened().taps(pixels)) : 1,

  "network.preimages": async ({ pixels, ...options }: { pixels: Uint8Array } & PreimagesOptions) =>
    opened().preimages(pixels, options),
};

/** The reason why digits do not fit; undefined if they fit. */
function whyNotForDigits({ network }: ConvertedNetwork): string | undefined {
  try {
    ofDigits(network, "unit");
    return undefined;
  } catch (error) {
    if (error instanceof FlowifyError) return error.message;
    throw error;
  }
}
