import type { ClosedJaxpr } from "@jax-js/jax";
import { expectAnyBatch } from "./any-batch.js";
import { UnsupportedOpError } from "./errors.js";
import type { LoweredGraph } from "./lower.js";
import type { Dimension, GraphModel, GraphNode, Initializer, TensorInfo } from "./model.js";

/** Name of the dynamic axis of an exported program. */
const BATCH = "batch";

/**
 * Pairs of batch sizes for lowering a program, until both graphs of a pair have the same nodes. Some nodes depend on
 * the size of arrays, and a pair may lie on both sides of a threshold; for the last pair every array of a batch is
 * large.
 */
const PAIRS = [
  [11, 13],
  [67, 71],
  [127, 131],
  [65521, 65537],
] as const;

/** A program, traced and lowered for one batch size. */
export type BatchedProgram = Readonly<{
  name: string;
  /** The program for a batch size; the caller disposes of it. */
  traced(batch: number): ClosedJaxpr;
  lowered(jaxpr: ClosedJaxpr): LoweredGraph;
  /** Name of an input whose first axis is the batch. */
  batched: string;
}>;

/**
 * A graph for batches of any size, from graphs for two sizes: they have the same nodes, and differ only in vectors of
 * sizes. A size that is k in a batch of 1 becomes −1 in a Reshape, and k times the length of an input's first axis
 * elsewhere. Two sizes may agree by chance: the program itself is checked at many sizes before lowering.
 *
 * @throws UnsupportedOpError if anything else depends on the size of the batch
 */
export function withDynamicBatch({ name, traced, lowered, batched }: BatchedProgram): GraphModel {
  expectAnyBatch(traced, name);
  const lowerFor = (batch: number): LoweredGraph => {
    const jaxpr = traced(batch);
    try {
      return lowered(jaxpr);
    } finally {
      jaxpr.dispose();
    }
  };
  let failure: unknown;
  for (const pair of PAIRS) {
    try {
      return merge(pair.map(lowerFor) as [LoweredGraph, LoweredGraph], pair, batched);
    } catch (error) {
      if (!(error instanceof UnsupportedOpError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

const differs = (graph: GraphModel, where: string, why: string): UnsupportedOpError =>
  new UnsupportedOpError(
    "batch",
    where,
    `${graph.name}: ${where} ${why}: it cannot be exported for batches of any size`,
  );

function merge(
  [a, b]: readonly [LoweredGraph, LoweredGraph],
  [sizeA, sizeB]: readonly [number, number],
  batched: string,
): GraphModel {
  if (a.nodes.length !== b.nodes.length) throw differs(a, "the graph", "depends on the size of the batch");
  const constantsA = new Map(a.constants.map((c) => [c.name, c]));
  const constantsB = new Map(b.constants.map((c) => [c.name, c]));
  const nodes: GraphNode[] = [];
  const added: Initializer[] = [];
  const partner = new Map<string, string>();

  /** Multiple of the batch in two sizes; 0 if they are equal. */
  const multiple = (m: number, n: number, where: string): number => {
    if (m === n) return 0;
    const k = m / sizeA;
    if (!Number.isInteger(k) || n !== k * sizeB) throw differs(a, where, "mixes the batch with other sizes");
    return k;
  };
  const integers = (c: Initializer): number[] => Array.from(c.data as BigInt64Array, Number);
  const constant = (values: readonly number[]): string => {
    const name = `sizes ${values.join(" ")}`;
    if (!added.some((c) => c.name === name))
      added.push({ name, type: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
    return name;
  };
  const emitted = new Set<string>();
  const emit = (node: GraphNode): string => {
    const name = node.outputs[0] as string;
    if (!emitted.has(name)) nodes.push(node);
    emitted.add(name);
    return name;
  };
  const node = (
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: GraphNode["attributes"] = {},
  ) => emit({ op, domain: "", inputs, outputs: [output], attributes });
  /** k times the length of the batch, a vector of one number. */
  const length = (k: number): string => {
    const one = node("Shape", [batched], BATCH, { start: 0, end: 1 });
    return k === 1 ? one : node("Mul", [one, constant([k])], `${BATCH} × ${k}`);
  };

  /** The value in place of a constant of the first graph, used by input `at` of a node. */
  const merged = (first: string, second: string, user: GraphNode, at: number): string => {
    const [c, d] = [constantsA.get(first), constantsB.get(second)];
    if (!c || !d) {
      const known = partner.get(first);
      if ((known ?? second) !== second || (c === undefined) !== (d === undefined))
        throw differs(a, user.outputs[0] as string, "reads other values in larger batches");
      partner.set(first, second);
      return first;
    }
    const equal = c.type === d.type && c.data.length === d.data.length && c.shape.join() === d.shape.join();
    if (equal && (c.data as Float32Array).every((value, i) => Object.is(value, d.data[i]))) return first;
    if (!equal || c.type !== "int64" || c.shape.length !== 1)
      throw differs(a, `${user.op} ${user.outputs[0]}`, "holds a number that depends on the batch");
    const [values, others] = [integers(c), integers(d)];
    if (values.length !== others.length)
      throw differs(a, `${user.op} ${user.outputs[0]}`, "holds more numbers in larger batches");
    const multiples = values.map((value, i) =>
      multiple(value, others[i] as number, user.outputs[0] as string),
    );
    const open = multiples.filter((k) => k > 0).length;
    if (user.op === "Reshape" && at === 1 && open === 1)
      return constant(values.map((value, i) => ((multiples[i] as number) > 0 ? -1 : value)));
    const parts = values.map((value, i) => {
      const k = multiples[i] as number;
      return k > 0 ? length(k) : constant([value]);
    });
    const name = `sizes ${values.map((value, i) => ((multiples[i] as number) > 0 ? `${BATCH}×${multiples[i]}` : value)).join(" ")}`;
    return parts.length === 1 ? (parts[0] as string) : node("Concat", parts, name, { axis: 0 });
  };

  a.nodes.forEach((first, i) => {
    const second = b.nodes[i] as GraphNode;
    const same =
      first.op === second.op &&
      first.inputs.length === second.inputs.length &&
      JSON.stringify(first.attributes) === JSON.stringify(second.attributes);
    if (!same) throw differs(a, `${first.op} ${first.outputs[0]}`, "is another operation in larger batches");
    const inputs = first.inputs.map((name, at) => merged(name, second.inputs[at] as string, first, at));
    first.outputs.forEach((name, k) => partner.set(name, second.outputs[k] as string));
    nodes.push({ ...first, inputs });
  });

  const used = new Set(nodes.flatMap((each) => each.inputs));
  const open = (info: TensorInfo, other: TensorInfo): TensorInfo => ({
    ...info,
    shape: info.shape.map((size, axis): Dimension => {
      const k = multiple(Number(size), Number(other.shape[axis]), info.name);
      return k === 0 ? size : k === 1 ? BATCH : `${k}*${BATCH}`;
    }),
  });
  return {
    name: a.name,
    inputs: a.inputs.map((info, i) => open(info, b.inputs[i] as TensorInfo)),
    outputs: a.outputs.map((info, i) => open(info, b.outputs[i] as TensorInfo)),
    nodes,
    constants: [...a.constants, ...added].filter(({ name }) => used.has(name)),
  };
}
