import {
  ArraySpec,
  type Flow,
  type FlowParams,
  type HostArray,
  mapNoise,
  type NoiseDeclaration,
  type NoiseLaw,
  type NoiseSpec,
  type NoiseTree,
} from "@flowify/core";
import { DType, type JsTree, numpy as np, tree } from "@jax-js/jax";
import { type LoweredGraph, lower } from "../lower/lower.js";
import type { Dimension, GraphModel, Initializer, TensorInfo } from "../lower/model.js";
import { leafPaths } from "../paths.js";
import { trace } from "../trace.js";
import { drawingNoise } from "./drawing.js";
import { withDynamicBatch } from "./dynamic-batch.js";

/** What an input of an exported program is. */
export type ExportedInput = Readonly<{
  name: string;
  shape: readonly Dimension[];
  /** `noise`: drawn by the caller, from its law; in mean mode 0 for the normal and ½ for the uniform one. */
  role: "items" | "latents" | "noise" | "count";
  law?: NoiseLaw;
}>;

export type ExportedOutput = Readonly<{ name: string; shape: readonly Dimension[]; meaning: string }>;

/** A program of a flow as an ONNX graph, for batches of any size. */
export type ExportedProgram = Readonly<{
  /** `log-prob`, `encode`, `decode`, `sample`; with `-drawing` behind it those that draw their own noise. */
  name: string;
  graph: GraphModel;
  inputs: readonly ExportedInput[];
  outputs: readonly ExportedOutput[];
  /** The function behind it: of the parameters, the input where there is one, and the noises. */
  source: Readonly<{
    run: (...args: never[]) => JsTree<np.Array>;
    input: Program["input"];
    noise: NoiseSpec;
    noiseNames: readonly string[];
  }>;
}>;

type Program = Readonly<{
  name: string;
  /** The first argument besides the parameters, where it is no noise. */
  input?: { name: "x" | "z"; role: "items" | "latents"; shape: readonly number[] };
  noise: NoiseSpec;
  f: (params: FlowParams, input: np.Array, noise: NoiseTree) => JsTree<np.Array>;
  outputs: readonly { name: string; meaning: string }[];
}>;

function programsOf(flow: Flow): Program[] {
  const items = { name: "x", role: "items", shape: flow.inShape } as const;
  const latents = { name: "z", role: "latents", shape: flow.latentShape } as const;
  const bound = flow.exact ? "" : ", a lower bound in expectation over the noise";
  return [
    {
      name: "log-prob",
      input: items,
      noise: flow.forwardNoise,
      f: (params, x, noise) => {
        const ledger = flow.ledger(params, x, noise);
        return [np.sum(ledger.ref, 1), ledger];
      },
      outputs: [
        { name: "log_prob", meaning: `log p(x) in nats${bound}` },
        {
          name: "ledger",
          meaning: "what each layer and the base contribute, nats; the rows sum to log_prob",
        },
      ],
    },
    {
      name: "encode",
      input: items,
      noise: flow.forwardNoise,
      f: (params, x, noise) => [flow.encode(params, x, noise)],
      outputs: [{ name: "z", meaning: "the latent; with noise at its mean what the plain network gives" }],
    },
    {
      name: "decode",
      input: latents,
      noise: flow.inverseNoise,
      f: (params, z, noise) => [flow.decode(params, z, noise)],
      outputs: [{ name: "x", meaning: "a draw of the items behind z" }],
    },
    {
      name: "sample",
      noise: [flow.baseNoise, flow.inverseNoise],
      f: (params, _none, noise) => {
        const [base, inverse] = noise as [NoiseTree, NoiseTree];
        return [flow.decode(params, flow.base.draw(base), inverse)];
      },
      outputs: [{ name: "x", meaning: "items drawn from the flow" }],
    },
  ];
}

/**
 * A flow with its parameters as ONNX graphs: log p with its ledger, encode, decode and sample, each
 * with its noises as inputs, and each once more drawing its own (by the runtime's RandomNormal and
 * RandomUniform). Float32; the first axis of all inputs and results is the batch.
 *
 * @throws UnsupportedOpError where a layer holds a primitive that cannot be lowered.
 */
export function exportFlow(flow: Flow, params: JsTree<HostArray>): ExportedProgram[] {
  return programsOf(flow).flatMap((program) => {
    const given = exportProgram(program, params);
    const draws = given.inputs.some(({ role }) => role === "noise");
    return draws ? [given, drawing(given)] : [given];
  });
}

function exportProgram(program: Program, params: JsTree<HostArray>): ExportedProgram {
  const { name, input, noise, f, outputs } = program;
  const declared = tree.leaves(mapNoise(noise, (d) => new Leaf(d)) as never) as unknown as Leaf[];
  const noisePaths = leafPaths(
    mapNoise(noise, (d) => new Leaf(d)),
    "noise",
  );
  const values = tree.leaves(params as never) as unknown as HostArray[];
  const paramPaths = leafPaths(params, "params");
  const inputNames = [...paramPaths, ...(input ? [input.name] : []), ...noisePaths];
  const run = (
    input ? f : (own: FlowParams, drawn: NoiseTree) => f(own, undefined as never, drawn)
  ) as ExportedProgram["source"]["run"];
  const lowerFor = (batch: number): LoweredGraph => {
    const noiseSpecs = mapNoise(noise, (d) => new ArraySpec([batch, ...d.shape], DType.Float32));
    const paramSpecs = tree.map(
      (a) => new ArraySpec((a as HostArray).shape, (a as HostArray).dtype),
      params as never,
    );
    const args = input
      ? [paramSpecs, new ArraySpec([batch, ...input.shape], DType.Float32), noiseSpecs]
      : [paramSpecs, noiseSpecs];
    const { jaxpr } = trace(run, args, name);
    try {
      return lower(jaxpr, { name, inputNames, outputNames: outputs.map((out) => out.name) });
    } finally {
      jaxpr.dispose();
    }
  };
  const batched = input?.name ?? (noisePaths[0] as string);
  const open = withDynamicBatch(lowerFor, batched);
  const own = new Set(paramPaths);
  const used = new Set(open.nodes.flatMap((node) => node.inputs));
  const initializers = paramPaths.flatMap((path, i): Initializer[] => {
    const { data, shape } = values[i] as HostArray;
    return used.has(path) ? [{ name: path, type: "float32", shape, data: data }] : [];
  });
  const inputs = open.inputs.filter((info) => !own.has(info.name) && used.has(info.name));
  const role = (info: TensorInfo): ExportedInput => {
    const at = noisePaths.indexOf(info.name);
    return at < 0
      ? { name: info.name, shape: info.shape, role: input?.role ?? "noise" }
      : { name: info.name, shape: info.shape, role: "noise", law: (declared[at] as Leaf).declaration.law };
  };
  return {
    name,
    graph: { ...open, inputs, constants: [...open.constants, ...initializers] },
    inputs: inputs.map(role),
    outputs: open.outputs.map((info, i) => ({
      name: info.name,
      shape: info.shape,
      meaning: outputs[i]?.meaning ?? "",
    })),
    source: { run, input, noise, noiseNames: noisePaths },
  };
}

/** Stands for a declaration in a tree: a class, so that trees take it for a leaf. */
class Leaf {
  constructor(readonly declaration: NoiseDeclaration) {}
}

/** The same program with its noises drawn inside; without items or latents it is told how many to draw. */
function drawing({ name, graph, inputs, outputs, source }: ExportedProgram): ExportedProgram {
  const kept = inputs.filter(({ role }) => role !== "noise");
  const noises = inputs.filter(({ role }) => role === "noise");
  const count: ExportedInput = { name: "count", shape: [1], role: "count" };
  const like = kept[0]?.name;
  return {
    name: `${name}-drawing`,
    graph: drawingNoise(
      graph,
      noises.map((input) => ({ name: input.name, shape: input.shape, law: input.law ?? "normal" })),
      like === undefined ? { input: count.name } : { lengthOf: like },
    ),
    inputs: like === undefined ? [count] : kept,
    outputs,
    source,
  };
}
