import {
  type Flow,
  type FlowParams,
  flow as flowOf,
  type HostArray,
  UnsupportedOpError,
} from "@flowify/core";
import { ArraySpec, checkOptions, optionSchemas as o, treeLeaves } from "@flowify/core/internal";
import { drawNoise, type NoiseTree } from "@flowify/core/layer";
import { DType, type JsTree, type numpy as np } from "@jax-js/jax";
import { portable, type Target } from "jax-to-onnx";
import {
  leafPaths,
  lower,
  nth,
  type TensorInfo,
  trace,
  withConstants,
  withSymbolicAxes,
} from "jax-to-onnx/internal";
import { compiled } from "../lower.js";
import { drawing } from "./drawing.js";
import {
  type ExportedInput,
  type ExportedProgram,
  namedNoises,
  noiseSpecs,
  type Source,
  specsOf,
} from "./exported.js";
import { namedFlow } from "./named-flow.js";
import { type LedgerFunction, type Program, programsOf, someExamples } from "./programs.js";

export type ExportFlowOptions = {
  /** What the graphs are for. Default `portable`; `ortCpu` for ONNX Runtime on processors. */
  target?: Target;
  /** Computed from the ledger in the graph of log p, as outputs beside it. */
  ofLedger?: LedgerFunction;
};

/**
 * A flow with its parameters as ONNX graphs: log p with its ledger, encode, decode and sample, each with its noise as
 * inputs, and each in a variant that draws its own noise (with RandomNormal and RandomUniform). Float32; the first axis
 * of all inputs and outputs is the batch, of any size. Names of nodes begin with the layer: `conv2d[3]/`.
 *
 * @throws UnsupportedOpError that names the layer that cannot be lowered, or whose result depends on the number of
 * examples
 */
export function exportFlow(
  flow: Flow,
  params: JsTree<HostArray>,
  options: ExportFlowOptions = {},
): ExportedProgram[] {
  const target = targetOf(options);
  try {
    return programsOf(flow, options.ofLedger).flatMap((program) => {
      const given = exportProgram(flow, program, params, target, options.ofLedger);
      const draws = given.inputs.some(({ role }) => role === "noise");
      return draws ? [given, drawing(given)] : [given];
    });
  } catch (error) {
    throw error instanceof UnsupportedOpError ? (culprit(flow, params) ?? error) : error;
  }
}

function targetOf(options: ExportFlowOptions): Target {
  checkOptions("exportFlow", { target: o.record, ofLedger: o.record }, options);
  return options.target ?? portable;
}

/** The error of the first layer that cannot be exported separately, prefixed by its name. */
function culprit({ chain, ledgerLines }: Flow, params: JsTree<HostArray>): UnsupportedOpError | undefined {
  for (const [i, layer] of chain.layers.entries()) {
    const alone = flowOf([layer]);
    try {
      for (const program of programsOf(alone))
        exportProgram(alone, program, [(params as JsTree<HostArray>[])[i] as JsTree<HostArray>], portable);
    } catch (error) {
      if (!(error instanceof UnsupportedOpError)) throw error;
      const { op, node, message } = error;
      const name = ledgerLines[i]?.layer;
      return new UnsupportedOpError(op, node, `${name} cannot be exported: ${message}`, { cause: error });
    }
  }
  return undefined;
}

/** The input of conditions. */
const CONDITION = "condition";

function exportProgram(
  flow: Flow,
  program: Program,
  weights: JsTree<HostArray>,
  target: Target,
  ofLedger?: LedgerFunction,
): ExportedProgram {
  const { name, input, noise, condition, constants, f, outputs } = program;
  const params = constants ? [weights, constants] : weights;
  const noisePaths = leafPaths(noiseSpecs(noise, 1), "noise");
  const declared = namedNoises(noise, noisePaths);
  const values = treeLeaves(params);
  const paramPaths = [
    ...leafPaths(weights, "params"),
    ...(constants ? leafPaths(constants, "constants") : []),
  ];
  const own = new Set(paramPaths);
  const names = [
    ...paramPaths,
    ...(input ? [input.name] : []),
    ...noisePaths,
    ...(condition ? [CONDITION] : []),
  ];
  const runOf = (of: Program["f"]) =>
    (input
      ? of
      : (own: FlowParams, drawn: NoiseTree, given?: np.Array) =>
          of(own, undefined as never, drawn, given)) as Source["run"];
  const run = runOf(f);
  const layered = namedFlow(flow);
  const marked = runOf(
    programsOf(layered.flow, ofLedger).find((each) => each.name === name)?.f as Program["f"],
  );
  const open = compiled(() =>
    withSymbolicAxes({
      name,
      traced: ([batch]) => {
        const x = input ? [new ArraySpec([batch as number, ...input.shape], DType.Float32)] : [];
        const given = condition ? [new ArraySpec([batch as number, ...condition], DType.Float32)] : [];
        const specs = [specsOf(params), ...x, noiseSpecs(noise, batch as number), ...given];
        return trace(marked, specs, name).jaxpr;
      },
      lowered: (jaxpr) =>
        lower(jaxpr, {
          name,
          inputNames: names,
          outputNames: outputs.map((out) => out.name),
          fixed: own,
          scopes: layered.names,
          target,
        }),
      symbols: [{ name: "batch", input: input?.name ?? nth(noisePaths, 0), axis: 0 }],
    }),
  );
  layered.dispose();
  const graph = withConstants(open, new Map(paramPaths.map((path, i) => [path, nth(values, i)])));
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const inputs = graph.inputs.filter((info) => used.has(info.name));
  const describe = ({ name: inputName, shape }: TensorInfo): ExportedInput => {
    const distribution = declared.get(inputName)?.distribution;
    if (inputName === CONDITION) return { name: inputName, shape, role: "condition" };
    return distribution
      ? { name: inputName, shape, role: "noise", distribution }
      : { name: inputName, shape, role: input?.role ?? "noise" };
  };
  return {
    name,
    graph: { ...graph, inputs },
    target: target.name,
    inputs: inputs.map(describe),
    outputs: open.outputs.map((info, i) => ({
      name: info.name,
      shape: info.shape,
      meaning: outputs[i]?.meaning ?? "",
    })),
    source: {
      run,
      names,
      example(batch, rng) {
        const x = input
          ? [
              someExamples(
                batch,
                input.shape,
                input.role === "examples" ? flow.domain.levels : undefined,
                rng,
              ),
            ]
          : [];
        const drawn = drawNoise(noise, batch, rng);
        const given = condition ? [someExamples(batch, condition, flow.condition?.levels, rng)] : [];
        return [params, ...x, drawn, ...given] as JsTree<HostArray>[];
      },
    },
  };
}
