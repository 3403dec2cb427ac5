import type {
  AttributeValue,
  ElementType,
  GraphModel,
  GraphNode,
  Initializer,
  TextConstant,
} from "@flowify/onnx";
import type { Scale } from "./combine.js";
import { BANDWIDTH, FAR_AMONG, FAR_WEIGHT, neighbourOf } from "./detector.js";
import type { DetectorInput } from "./detector-inputs.js";
import { CLIP, KNOTS, mixedSpace, robustSpace, type Spaces } from "./spaces.js";
import type { TableDetector } from "./table-detector.js";

/** Codes of ONNX's element types. */
const FLOAT = 1;
const INT32 = 6;

/** The outputs: an input of one of these names gets `input ` in front. */
const OUTPUTS = ["score", "p", "flag"] as const;

/** The largest reciprocal of the distance of two knots. */
const STEEPEST = 1e30;

/** The name of a column's input in the graph. */
export const graphInput = ({ name }: DetectorInput): string =>
  OUTPUTS.some((output) => output === name) ? `input ${name}` : name;

/** Collects nodes and constants; values are called by a prefix and a number. */
function graphBuilder() {
  const nodes: GraphNode[] = [];
  const constants: Initializer[] = [];
  const texts: TextConstant[] = [];
  const fresh = (): string => `detector/${nodes.length + constants.length + texts.length}`;
  return {
    nodes,
    constants,
    texts,
    node(
      op: string,
      inputs: readonly string[],
      attributes: Readonly<Record<string, AttributeValue>> = {},
    ): string {
      const name = fresh();
      nodes.push({ op, domain: "", inputs, outputs: [name], attributes });
      return name;
    },
    floats(data: ArrayLike<number>, ...shape: number[]): string {
      const name = fresh();
      constants.push({ name, type: "float32", shape, data: Float32Array.from(data) });
      return name;
    },
    doubles(...data: number[]): string {
      const name = fresh();
      constants.push({ name, type: "float64", shape: [data.length], data: Float64Array.from(data) });
      return name;
    },
    sizes(...data: number[]): string {
      const name = fresh();
      constants.push({ name, type: "int64", shape: [data.length], data: BigInt64Array.from(data, BigInt) });
      return name;
    },
    words(values: readonly string[]): string {
      const name = fresh();
      texts.push({ name, shape: [1, values.length], values });
      return name;
    },
  };
}

type Builder = ReturnType<typeof graphBuilder>;

/** Numbers of a column, [batch, 1] or more. */
function encodeColumn(g: Builder, input: DetectorInput): string {
  const name = graphInput(input);
  if (input.kind === "text") {
    const known = g.node("Cast", [g.node("Equal", [name, g.words(input.values)])], { to: FLOAT });
    const any = g.node("ReduceSum", [known, g.sizes(1)], { keepdims: 1 });
    const other = g.node("Sub", [g.floats([1]), any]);
    if (input.values.length <= 1) return other;
    const rest = g.node("Slice", [known, g.sizes(1), g.sizes(input.values.length), g.sizes(1)]);
    return g.node("Concat", [rest, other], { axis: 1 });
  }
  const missing = g.node("IsNaN", [name]);
  const centred = g.node("Cast", [g.node("Sub", [name, g.doubles(input.origin)])], { to: FLOAT });
  const value = g.node("Where", [missing, g.floats([input.fill]), centred]);
  if (!input.indicator) return value;
  return g.node("Concat", [value, g.node("Cast", [missing], { to: FLOAT })], { axis: 1 });
}

const shifted = (g: Builder, x: string, middle: Float32Array, scale: Float32Array): string =>
  g.node("Div", [g.node("Sub", [x, g.floats(middle, middle.length)]), g.floats(scale, scale.length)]);

/** Rows of the three spaces, [batch, width] each. */
function spacesOf(g: Builder, x: string, spaces: Spaces): Record<"standard" | "robust" | "mixed", string> {
  const { width, mean, std, median, spread, knots, normals } = spaces;
  const scaled = shifted(g, x, median, spread);
  const robust = g.node("Clip", [scaled, g.floats([-CLIP]), g.floats([CLIP])]);
  const size = width * (KNOTS - 1);
  const [from, perStep, rise] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  for (let c = 0; c < width; c++)
    for (let k = 0; k < KNOTS - 1; k++) {
      const [at, to] = [c * KNOTS + k, c * (KNOTS - 1) + k];
      const step = knots[at + 1]! - knots[at]!;
      from[to] = knots[at]!;
      perStep[to] = step > 0 ? Math.min(STEEPEST, 1 / step) : 0;
      rise[to] = normals[at + 1]! - normals[at]!;
    }
  const constant = (data: Float32Array): string => g.floats(data, 1, width, KNOTS - 1);
  const column = g.node("Unsqueeze", [x, g.sizes(2)]);
  const share = g.node("Mul", [g.node("Sub", [column, constant(from)]), constant(perStep)]);
  const part = g.node("Mul", [g.node("Clip", [share, g.floats([0]), g.floats([1])]), constant(rise)]);
  const climbed = g.node("ReduceSum", [part, g.sizes(2)], { keepdims: 0 });
  const lowest = Float32Array.from({ length: width }, (_, c) => normals[c * KNOTS]!);
  const ranks = g.node("Add", [climbed, g.floats(lowest, width)]);
  const mixed = g.node("Mul", [g.node("Add", [robust, ranks]), g.floats([0.5])]);
  return { standard: shifted(g, x, mean, std), robust, mixed };
}

/** Squared distances of rows [batch, width] to reference rows [m, width], [batch, m]. */
function squaredDistances(g: Builder, rows: string, reference: Float32Array, width: number): string {
  const count = reference.length / width;
  const turned = Float32Array.from(
    reference,
    (_, i) => reference[(i % count) * width + Math.floor(i / count)]!,
  );
  const lengths = Float32Array.from({ length: count }, (_, i) =>
    reference.subarray(i * width, (i + 1) * width).reduce((sum, value) => sum + value * value, 0),
  );
  const product = g.node("MatMul", [rows, g.floats(turned, width, count)]);
  const own = g.node("ReduceSum", [g.node("Mul", [rows, rows]), g.sizes(1)], { keepdims: 1 });
  const twice = g.node("Mul", [product, g.floats([-2])]);
  const sum = g.node("Add", [g.node("Add", [twice, own]), g.floats(lengths, 1, count)]);
  return g.node("Max", [sum, g.floats([0])]);
}

/** −log (1/m) Σ exp(−d² / 2h²), [batch, 1]. */
function kernelScore(g: Builder, squared: string, count: number): string {
  const logs = g.node("Mul", [squared, g.floats([-1 / (2 * BANDWIDTH ** 2)])]);
  const most = g.node("ReduceMax", [logs, g.sizes(1)], { keepdims: 1 });
  const sum = g.node("ReduceSum", [g.node("Exp", [g.node("Sub", [logs, most])]), g.sizes(1)], {
    keepdims: 1,
  });
  const log = g.node("Add", [most, g.node("Log", [sum])]);
  return g.node("Sub", [g.floats([Math.log(count)]), log]);
}

/** The distance to the k-th neighbour, [batch, 1]. */
function neighbourScore(g: Builder, squared: string, k: number): string {
  const values = `${squared}/nearest`;
  g.nodes.push({
    op: "TopK",
    domain: "",
    inputs: [squared, g.sizes(k)],
    outputs: [values, `${values}/places`],
    attributes: { axis: 1, largest: 0, sorted: 1 },
  });
  return g.node("Sqrt", [g.node("Slice", [values, g.sizes(k - 1), g.sizes(k), g.sizes(1)])]);
}

/** sign(z) log(1 + |z|) of z = (s − middle) / spread. */
function standardized(g: Builder, score: string, { middle, spread }: Scale): string {
  const z = g.node("Div", [g.node("Sub", [score, g.floats([middle])]), g.floats([spread])]);
  const size = g.node("Log", [g.node("Add", [g.node("Abs", [z]), g.floats([1])])]);
  return g.node("Mul", [g.node("Sign", [z]), size]);
}

/** Adds the nodes of the flow under other names: rows [batch, width] to −log p [batch, 1]. */
function flowScore(g: Builder, flow: GraphModel, rows: string): string {
  const own = (name: string): string => (name === "x" ? rows : `flow/${name}`);
  g.constants.push(...flow.constants.map((each) => ({ ...each, name: own(each.name) })));
  g.nodes.push(
    ...flow.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => (name === "" ? "" : own(name))),
      outputs: node.outputs.map(own),
    })),
  );
  return g.node("Neg", [g.node("Reshape", [own("log_prob"), g.sizes(-1, 1)])]);
}

/**
 * One graph from the columns of a table to `score`, `p` and `flag`, [batch] each. Numbers and days are float64 [batch, 1],
 * NaN where they are missing; texts are strings [batch, 1], empty where they are missing.
 *
 * @param flow log p of the detector's flow, from `x` to `log_prob`
 * @param falseAlarms p-values up to this one are flagged
 */
export function detectorGraph(
  { detector, inputs, calibrations }: TableDetector,
  flow: GraphModel,
  falseAlarms: number,
): GraphModel {
  const { contaminated, spaces, reference, scales } = detector;
  const { width } = spaces;
  const g = graphBuilder();
  const encoded = inputs.map((input) => encodeColumn(g, input));
  const x = encoded.length === 1 ? encoded[0]! : g.node("Concat", encoded, { axis: 1 });
  const places = spacesOf(g, x, spaces);
  const parts = [
    standardized(g, flowScore(g, flow, contaminated ? places.mixed : places.standard), scales.flow),
  ];
  if (contaminated) {
    const among = mixedSpace(spaces, reference.subarray(0, FAR_AMONG * width));
    const squared = squaredDistances(g, places.mixed, among, width);
    const far = neighbourScore(g, squared, neighbourOf(true, among.length / width));
    parts.push(g.node("Mul", [standardized(g, far, scales.neighbours), g.floats([FAR_WEIGHT])]));
  } else
    for (const [name, space] of [
      ["robust", robustSpace],
      ["mixed", mixedSpace],
    ] as const) {
      const squared = squaredDistances(g, places[name], space(spaces, reference), width);
      parts.push(standardized(g, kernelScore(g, squared, reference.length / width), scales[name]));
    }
  const sum = parts.reduce((a, b) => g.node("Add", [a, b]));
  const held = calibrations.combination.scores;
  const atLeast = g.node("GreaterOrEqual", [g.floats(held, 1, held.length), sum]);
  const count = g.node("ReduceSum", [g.node("Cast", [atLeast], { to: FLOAT }), g.sizes(1)], { keepdims: 0 });
  const rank = g.node("Add", [count, g.floats([1])]);
  const most = Math.floor(falseAlarms * (held.length + 1) + 1e-9);
  const result = (op: string, from: readonly string[], output: string, attributes = {}): void => {
    g.nodes.push({ op, domain: "", inputs: from, outputs: [output], attributes });
  };
  result("Reshape", [sum, g.sizes(-1)], "score");
  result("Div", [rank, g.floats([held.length + 1])], "p");
  result("Cast", [g.node("LessOrEqual", [rank, g.floats([most])])], "flag", { to: INT32 });
  const info = (name: string, type: ElementType, shape: readonly (number | string)[]) => ({
    name,
    type,
    shape,
  });
  return {
    name: "detector",
    inputs: inputs
      .filter(({ kind }) => kind !== "text")
      .map((input) => info(graphInput(input), "float64", ["batch", 1])),
    textInputs: inputs
      .filter(({ kind }) => kind === "text")
      .map((input) => ({ name: graphInput(input), shape: ["batch", 1] })),
    outputs: OUTPUTS.map((name) => info(name, name === "flag" ? "int32" : "float32", ["batch"])),
    nodes: g.nodes,
    constants: g.constants,
    texts: g.texts,
  };
}
