import type { NoiseDistribution } from "@flowify/core/layer";
import type { GraphModel, GraphNode, Initializer, TensorInfo } from "jax-to-onnx/internal";
import type { ExportedInput, ExportedProgram } from "./exported.js";

type Noise = Readonly<{ name: string; shape: TensorInfo["shape"]; distribution: NoiseDistribution }>;

/** Source of the number of examples: an int64 input [1], or the first axis of another input. */
type Count = Readonly<{ input: string }> | Readonly<{ lengthOf: string }>;

const COUNT = "drawn.count";

/** A graph in which nodes draw the noise that were inputs before. */
function drawingNoise(graph: GraphModel, noises: readonly Noise[], count: Count): GraphModel {
  const names = new Set(noises.map((noise) => noise.name));
  const constants: Initializer[] = [];
  const nodes: GraphNode[] = [];
  const node = (op: string, inputs: string[], output: string, attributes: GraphNode["attributes"] = {}) =>
    nodes.push({ op, domain: "", inputs, outputs: [output], attributes });
  if ("lengthOf" in count) node("Shape", [count.lengthOf], COUNT, { start: 0, end: 1 });
  const number = "lengthOf" in count ? COUNT : count.input;
  for (const { name, shape, distribution } of noises) {
    const sizes = BigInt64Array.from(shape.slice(1), (size) => BigInt(size));
    constants.push({ name: `${name}.sizes`, type: "int64", shape: [sizes.length], data: sizes });
    node("Concat", [number, `${name}.sizes`], `${name}.shape`, { axis: 0 });
    node("ConstantOfShape", [`${name}.shape`], `${name}.zeros`);
    node(distribution === "normal" ? "RandomNormalLike" : "RandomUniformLike", [`${name}.zeros`], name, {
      dtype: 1,
    });
  }
  const inputs: TensorInfo[] = graph.inputs.filter((input) => !names.has(input.name));
  if ("input" in count) inputs.push({ name: count.input, type: "int64", shape: [1] });
  return {
    ...graph,
    inputs,
    nodes: [...nodes, ...graph.nodes],
    constants: [...graph.constants, ...constants],
  };
}

/** The same program, which draws its noise itself; without examples or latents it has an input for the count. */
export function drawing({ name, graph, inputs, ...program }: ExportedProgram): ExportedProgram {
  const kept = inputs.filter(({ role }) => role !== "noise");
  const noises = inputs.filter(({ role }) => role === "noise");
  const like = kept.find(({ role }) => ["examples", "latents", "condition"].includes(role))?.name;
  const count: ExportedInput = { name: "count", shape: [1], role: "count" };
  return {
    name: `${name}-drawing`,
    graph: drawingNoise(
      graph,
      noises.map((input) => ({
        name: input.name,
        shape: input.shape,
        distribution: input.distribution ?? "normal",
      })),
      like === undefined ? { input: count.name } : { lengthOf: like },
    ),
    inputs: like === undefined ? [...kept, count] : kept,
    ...program,
  };
}
