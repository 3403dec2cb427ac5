import { DataError, UsageError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import type { Computed, GivenModel } from "@flowify/onnx";
import type { GraphModel, GraphNode, Initializer } from "jax-to-onnx/internal";
import { lastOf, valueAt } from "../places.js";
import { BAND, BESIDE, bandsOf, type Projection } from "./projection.js";

type Station = GivenModel["line"][number];

/** A value of a network that the guard looks at, as rows of numbers. */
export type Tap = Readonly<{
  name: string;
  /** Sizes of one example. */
  shape: readonly number[];
  /** Axes whose mean and maximum are taken, with the batch as axis 0; none where the numbers are taken as they are. */
  pooled: readonly number[];
  /** Of each of these axes every so-many-th place is looked at. Default: all. */
  step?: number;
  width: number;
}>;

/** Most numbers of a tap that are taken as they are: of the input, and of activations. */
const MOST = { input: 4096, flat: 4096, spatial: 1024 } as const;

/** Places of a channel whose mean and maximum are taken, about, at most. */
const MOST_PLACES = 1024;

/** Depths beside the last activation, the input and the outputs. */
const DEPTHS = 2;

/** The scores of classes: the first output, or what a Softmax at the end reads. */
function scoresOf({ line }: Pick<GivenModel, "line">): Station {
  const end = lastOf(line);
  return end.op === "Softmax" || end.op === "LogSoftmax" ? (line.at(-2) ?? end) : end;
}

/** Activations that weights read, between the input and the scores. */
const readOf = (given: Pick<GivenModel, "line" | "input">): Station[] =>
  given.line.filter(
    ({ name, isRead, isMoved }) =>
      isRead && !isMoved && name !== given.input.name && name !== scoresOf(given).name,
  );

/** The activation in front of the last weights. */
export const lastRead = (given: Pick<GivenModel, "line" | "input">): Station | undefined =>
  readOf(given).at(-1);

/** The values that a guard may look at: the input, some depths, the activation in front of the last weights, the output. */
export function candidates(given: GivenModel): Station[] {
  const scores = scoresOf(given);
  const read = readOf(given);
  const inner = read.slice(0, -1);
  const depths = Math.min(DEPTHS, inner.length);
  const some = Array.from({ length: depths }, (_, i) =>
    valueAt(inner, Math.floor(((i + 1) * inner.length) / (depths + 1))),
  );
  const found = [valueAt(given.line, 0), ...some, ...read.slice(-1), scores];
  return [...new Map(found.map((each) => [each.name, each])).values()];
}

/**
 * A value as a tap.
 *
 * @param found what a run of the file returned for it; undefined where it has no row for each example
 * @throws UsageError where it cannot be one
 */
export function tapOf({ name, op, isSpatial }: Station, found: Computed | undefined): Tap {
  if (found === undefined)
    throw new UsageError(
      `${JSON.stringify(name)} has no row for each example, or another size for other examples\nname a value before the loop, or before the batch is mixed, with --at`,
    );
  const { shape, data } = found;
  if (!(data instanceof Float32Array))
    throw new UsageError(`${JSON.stringify(name)} holds no float32 numbers\nname another value with --at`);
  const size = sizeOf(shape);
  const most = op === "" ? MOST.input : shape.length > 1 ? MOST.spatial : MOST.flat;
  if (size <= most) return { name, shape, pooled: [], width: size };
  if (shape.length < 2)
    throw new UsageError(
      `${JSON.stringify(name)} has ${size} numbers, expected ${MOST.flat} at most\nname another value with --at`,
    );
  const pooled = shape.map((_, i) => i + 1).filter((axis) => (isSpatial ? axis > 1 : axis < shape.length));
  const width = 2 * (isSpatial ? valueAt(shape, 0) : lastOf(shape));
  const places = isSpatial ? sizeOf(shape.slice(1)) : 1;
  const step = Math.ceil((places / MOST_PLACES) ** (1 / pooled.length));
  return { name, shape, pooled, width, ...(step > 1 && { step }) };
}

/** New nodes, and constants for them. */
export function nodeMaker(prefix: string): Maker {
  const nodes: GraphNode[] = [];
  const constants: Initializer[] = [];
  const constant = (shape: readonly number[], data: Float32Array | BigInt64Array): string => {
    const name = `${prefix}/constant ${constants.length}`;
    constants.push({ name, type: data instanceof Float32Array ? "float32" : "int64", shape, data });
    return name;
  };
  const node = (op: string, inputs: readonly string[], attributes: GraphNode["attributes"] = {}): string => {
    const name = `${prefix}/${nodes.length}`;
    nodes.push({ op, domain: "", inputs, outputs: [name], attributes });
    return name;
  };
  return { nodes, constants, node, constant };
}

type Maker = Readonly<{
  nodes: GraphNode[];
  constants: Initializer[];
  node(op: string, inputs: readonly string[], attributes?: GraphNode["attributes"]): string;
  constant(shape: readonly number[], data: Float32Array | BigInt64Array): string;
}>;

/** Rows [batch, width] of a tap. */
export function tapNodes({ name, pooled, shape, step }: Tap, { node, constant }: Maker): string {
  if (pooled.length === 0) return shape.length === 1 ? name : node("Flatten", [name], { axis: 1 });
  const axes = constant([pooled.length], BigInt64Array.from(pooled, BigInt));
  const each = (n: number): number[] => pooled.map(() => n);
  const seen = step ? node("MaxPool", [name], { kernel_shape: each(1), strides: each(step) }) : name;
  const parts = ["ReduceMean", "ReduceMax"].map((op) => node(op, [seen, axes], { keepdims: 0 }));
  return node("Concat", parts, { axis: 1 });
}

/** Features of rows [batch, width] of a tap, as `project` computes them. */
export function projectionNodes(projection: Projection, rows: string, { node, constant }: Maker): string[] {
  const { mean, scale, directions, kept, shown, bands, hasRest } = projection;
  const width = mean.length;
  const half = (numbers: string): string =>
    node("Mul", [node("Log", [numbers]), constant([1], Float32Array.of(0.5))]);
  const plus = (numbers: string, e: number): string =>
    node("Add", [numbers, constant([1], Float32Array.of(e))]);
  const centred = node("Sub", [rows, constant([width], mean)]);
  const u = node("Div", [centred, constant([width], scale)]);
  const matrix = constant([width, kept], directions);
  const z = node("MatMul", [u, matrix]);
  const found = [z];
  if (bands.length > 0) {
    const first = Float32Array.from({ length: kept * shown }, (_, i) =>
      Number(Math.floor(i / shown) === i % shown),
    );
    const sums = node("MatMul", [node("Mul", [z, z]), constant([kept, bandsOf(projection)], bands)]);
    found.splice(0, 1, node("MatMul", [z, constant([kept, shown], first)]), half(plus(sums, BAND)));
  }
  if (!hasRest) return found;
  const back = node("MatMul", [z, node("Transpose", [matrix], { perm: [1, 0] })]);
  const squares = [node("Sub", [u, back]), constant([1], BigInt64Array.of(1n))];
  const beside = node("ReduceSumSquare", squares, { keepdims: 1 });
  return [...found, half(plus(beside, BESIDE * width))];
}

/** The rows of taps as outputs of a file. */
export function tapGraph(taps: readonly Tap[]): GraphModel {
  const maker = nodeMaker("taps");
  const outputs = taps.map((tap, i) => {
    const name = `tap ${i}`;
    maker.nodes.push({
      op: "Identity",
      domain: "",
      inputs: [tapNodes(tap, maker)],
      outputs: [name],
      attributes: {},
    });
    return { name, type: "float32" as const, shape: ["batch", tap.width] };
  });
  return {
    name: "taps",
    inputs: taps.map(({ name, shape }) => ({ name, type: "float32", shape: ["batch", ...shape] })),
    outputs,
    nodes: maker.nodes,
    constants: maker.constants,
  };
}

/** @throws DataError that names the first number that is not finite, and the weights that make it so */
export function expectFinite(name: string, rows: Float32Array, given: Pick<GivenModel, "nonFinite">): void {
  if (rows.every(Number.isFinite)) return;
  const weights = given.nonFinite();
  throw new DataError(
    `the activation ${JSON.stringify(name)} is not finite on the training data${weights === undefined ? "" : `: the weights ${JSON.stringify(weights)} hold NaN or infinity`}\n${weights === undefined ? "check --normalize and the data" : "export the network again"}`,
  );
}
