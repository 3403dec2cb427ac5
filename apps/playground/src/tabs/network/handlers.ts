import {
  applyNetwork,
  FlowifyError,
  FlowModel,
  flowify,
  jaxExecutor,
  UnsupportedOpError,
} from "@flowify/core";
import {
  type ConvertedNetwork,
  comparisonInputs,
  conversionReport,
  convertOnnx,
  nodesInWords,
  type OnnxGraph,
  readOnnx,
  refusal,
  relativeDifference,
  standaloneOnnx,
} from "@flowify/onnx/browser";
import { numpy as np } from "@jax-js/jax";
import { saveRun } from "../../run/save-run.js";
import { openBackend } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import type { NetworkCalls, OnnxFiles, OpenedNetwork } from "./calls.js";
import { convertedNodes, refusedNodes } from "./nodes.js";
import { ofDigits, PretrainedModel } from "./pretrained.js";

let converted: (ConvertedNetwork & { file: string; original: Uint8Array }) | undefined;
let given: PretrainedModel | undefined;

function opened(): PretrainedModel {
  if (given) return given;
  throw new Error("the network is not a density yet");
}

/** A graph as a network, or the reason why not. */
function conversion(
  graph: OnnxGraph,
  { input, output, inputShape }: OnnxFiles,
): ConvertedNetwork | FlowifyError {
  const [first] = graph.outputs;
  const chosen = output ?? first?.name;
  try {
    return convertOnnx(graph, {
      ...(input !== undefined && { input }),
      ...(chosen !== undefined && { output: chosen }),
      ...(inputShape && { inputShape }),
    });
  } catch (error) {
    if (error instanceof FlowifyError) return error;
    throw error;
  }
}

const refused = (graph: OnnxGraph, { file, input }: OnnxFiles, error: FlowifyError): OpenedNetwork => ({
  ...(error instanceof UnsupportedOpError && { report: refusal(file, error) }),
  nodes: refusedNodes(graph, input ?? graph.inputs[0]?.name ?? "", error),
  leftOut: [],
  inputs: graph.inputs.map(({ name }) => name),
  outputs: graph.outputs.map(({ name }) => name),
  needsShape: error.message.includes("the shape of an example"),
  problem: error.message,
});

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

export const networkHandlers: Handlers<keyof NetworkCalls> = {
  async "network.open"(files, { emit }) {
    emit({ stage: "reading the file", done: 0, of: 3 });
    const graph = readOnnx(files.bytes, (location) => files.beside[location]);
    const found = conversion(graph, files);
    if (found instanceof FlowifyError) return refused(graph, files, found);
    const external = (location: string): Uint8Array | undefined => files.beside[location];
    converted = { ...found, file: files.file, original: standaloneOnnx(files.bytes, found, external) };
    emit({ stage: "building its flow", done: 1, of: 3 });
    const flow = flowify(found.network, { density: "mixture" });
    emit({ stage: "comparing the two", done: 2, of: 3 });
    const seen = await difference(found, flow);
    const { origins, leftOut } = nodesInWords(found);
    const report = conversionReport(files.file, flow, { ...found, origins }, seen);
    return {
      report,
      nodes: convertedNodes(graph, found, report),
      leftOut,
      inputs: graph.inputs.map(({ name }) => name),
      outputs: graph.outputs.map(({ name }) => name),
      needsShape: false,
      ...notForDigits(found),
    };
  },

  async "network.begin"({ normalization, backend, images }, { emit }) {
    if (!converted) throw new Error("no network is open");
    const { file, network: own, original } = converted;
    const of = { name: file.replace(/\.onnx$/i, ""), own, normalization, original };
    const begun = await PretrainedModel.begin(of, await openBackend(backend), images, emit);
    await given?.dispose().catch(() => {}); // the arrays of a lost device are lost
    given = begun;
    return given.standing(images);
  },

  async "network.train"({ images, steps }, { emit, signal }) {
    const trained = await opened().train(images, steps, emit, signal);
    return { ...(await opened().standing(images)), trained };
  },

  "network.read": async ({ pixels }) => opened().read(pixels),
  "network.preimages": async ({ pixels, ...options }) => opened().preimages(pixels, options),

  async "network.save"(_, { transfer }) {
    const bytes = await saveRun(await opened().run());
    transfer(bytes.buffer);
    return { bytes };
  },
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
