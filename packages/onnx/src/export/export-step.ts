import { type Flow, HostArray, type TrainingState, UnsupportedOpError } from "@flowify/core";
import { ArraySpec, checkOptions, optionSchemas as o, trainingStep, treeMap } from "@flowify/core/internal";
import { drawNoise, type NoiseSpec } from "@flowify/core/layer";
import { DType, type JsTree, tree } from "@jax-js/jax";
import { ortCpu } from "jax-to-onnx";
import { leafPaths, trace } from "jax-to-onnx/internal";
import { lower } from "../lower.js";
import { drawing } from "./drawing.js";
import { type ExportedProgram, namedNoises, noiseSpecs, type Source } from "./exported.js";
import { someExamples } from "./programs.js";

type ExportStepOptions = {
  /** Examples per step: the form of the products depends on it. */
  batch: number;
  /** Global norm that gradients are clipped to. Default 500. */
  clip?: number;
};

const scalar = new ArraySpec([], DType.Float32);
const adam = { rate: scalar, floor: scalar };
const scalarSpecs = { euclidean: adam, orthogonal: adam } as unknown as JsTree<ArraySpec>;

const meanings: Readonly<Record<string, string>> = {
  loss: "−mean log p(x) in nats, before the step",
  gradNorm: "norm of the gradient, before clipping",
  "next.drift": "bound on the departure of the orthogonal parameters from orthogonality",
};

/**
 * The training step of a flow as ONNX graphs: `train-step` takes examples, noise, the scalars of Adam and the complete
 * state, and returns the loss and the next state; a variant draws its noise. `reorthogonalize`, for flows with
 * orthogonal parameters, removes their departure from orthogonality. State inputs have the names of
 * `TrainingState.arrays`, state outputs are `next.…`.
 *
 * @param arrays the state before the step
 * @throws UnsupportedOpError if a layer contains a primitive that cannot be lowered.
 */
export function exportStep(
  flow: Flow,
  arrays: TrainingState["arrays"],
  options: ExportStepOptions,
): ExportedProgram[] {
  checkOptions("exportStep", { batch: o.integer(1), clip: o.norm }, options);
  const { batch, ...choices } = options;
  if (flow.condition)
    throw new UnsupportedOpError(
      "condition",
      "train-step",
      "the step of a flow with a condition is not exported yet\nexport its log-prob, encode, decode and sample",
    );
  const { step, reorthogonalize, state, matrices } = trainingStep(flow, choices);
  const noise = flow.forwardNoise;
  const valuesOf = (specs: JsTree<ArraySpec>): JsTree<HostArray> => {
    const names = leafPaths(specs, "").values();
    return treeMap(() => arrays[names.next().value as string] as HostArray, specs);
  };
  const taken = exportFixed("train-step", step, noise, {
    names: [
      "x",
      ...leafPaths(noiseSpecs(noise, 1), "noise"),
      ...leafPaths(scalarSpecs, ""),
      ...leafPaths(state, ""),
    ],
    specs: [
      new ArraySpec([batch, ...flow.inShape], DType.Float32),
      noiseSpecs(noise, batch),
      scalarSpecs,
      state,
    ],
    example: (_, rng) => [
      someExamples(batch, flow.inShape, flow.domain.levels, rng),
      drawNoise(noise, batch, rng),
      tree.map(
        () => new HostArray(Float32Array.of(1e-3), [], DType.Float32),
        scalarSpecs as never,
      ) as JsTree<HostArray>,
      valuesOf(state),
    ],
  });
  const draws = taken.inputs.some(({ role }) => role === "noise");
  const programs = draws ? [taken, drawing(taken)] : [taken];
  const names = leafPaths(matrices, "");
  if (names.length > 0) {
    const specs = matrices as unknown as JsTree<ArraySpec>;
    programs.push(
      exportFixed("reorthogonalize", reorthogonalize, [], {
        names,
        specs: [specs],
        example: () => [valuesOf(specs)],
      }),
    );
  }
  return programs.map((program) => ({ ...program, batch }));
}

type Arguments = Readonly<{ names: readonly string[]; specs: readonly JsTree<ArraySpec>[] }> &
  Pick<Source, "example">;

/** A function as a graph for the sizes of its arguments; outputs are named by their paths. */
function exportFixed(
  name: string,
  f: unknown,
  noise: NoiseSpec,
  { names, specs, example }: Arguments,
): ExportedProgram {
  const run = f as Source["run"];
  const { jaxpr, signature } = trace(run, specs, name);
  const outputNames = signature.outputs.map((slot) => slot.name.replace(/^out\./, ""));
  try {
    const graph = lower(jaxpr, { name, inputNames: names, outputNames, itemwise: true, target: ortCpu });
    const used = new Set(graph.nodes.flatMap((node) => node.inputs));
    const noises = namedNoises(
      noise,
      names.filter((each) => each.startsWith("noise.")),
    );
    const inputs = graph.inputs.filter((info) => used.has(info.name));
    return {
      name,
      graph: { ...graph, inputs },
      target: ortCpu.name,
      inputs: inputs.map(({ name: input, shape }) => {
        const distribution = noises.get(input)?.distribution;
        if (distribution) return { name: input, shape, role: "noise", distribution };
        const role =
          input === "x" ? "examples" : /^(euclidean|orthogonal)\./.test(input) ? "scalar" : "state";
        return { name: input, shape, role };
      }),
      outputs: graph.outputs.map(({ name: output, shape }) => ({
        name: output,
        shape,
        meaning: meanings[output] ?? "the next state",
        ...(output.startsWith("next.") && { replaces: output.slice("next.".length) }),
      })),
      source: { run, names, example },
    };
  } finally {
    jaxpr.dispose();
  }
}
