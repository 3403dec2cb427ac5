import type { NodeProto } from "onnx-buf";

/** A value that everything on the way from an input to an output goes through. */
export type Station = Readonly<{
  name: string;
  /** The operator that makes it; empty for the input. */
  op: string;
  /** Its numbers are those of the value before it. */
  isMoved: boolean;
  /** A node with weights reads it, at once or after operators that only move numbers. */
  isRead: boolean;
  /** Made by convolutions, or an input that they read: axes after the second are positions; otherwise the last axis holds the features. */
  isSpatial: boolean;
}>;

/** Operators that hold the weights of networks. */
const weighted: ReadonlySet<string> = new Set([
  "Conv",
  "ConvTranspose",
  "Gemm",
  "MatMul",
  "FusedConv",
  "FusedGemm",
  "FusedMatMul",
  "LSTM",
  "GRU",
  "RNN",
]);

/** Operators that only move numbers. */
const moving: ReadonlySet<string> = new Set([
  "Reshape",
  "Flatten",
  "Transpose",
  "Squeeze",
  "Unsqueeze",
  "Identity",
  "Dropout",
  "Cast",
]);

/** Operators that keep the axes of an input, as its normalization does. */
const keeping: ReadonlySet<string> = new Set([
  "Identity",
  "Dropout",
  "Cast",
  "Clip",
  "Add",
  "Sub",
  "Mul",
  "Div",
]);

const spatial: ReadonlySet<string> = new Set([
  "Conv",
  "ConvTranspose",
  "FusedConv",
  "MaxPool",
  "AveragePool",
  "BatchNormalization",
  "InstanceNormalization",
]);

/** The nodes of a graph with a node that every path to each of them goes through: the immediate dominator. */
type Walked = { proto: NodeProto; before: Walked | undefined; depth: number; isSpatial: boolean };

/**
 * The dominators of an output, from the input on: values that all of its dependence on the input goes through.
 *
 * @param readBy the values that a node reads, with those of nested graphs
 */
export function mainLine(
  nodes: readonly NodeProto[],
  input: string,
  output: string,
  readBy: (node: NodeProto) => readonly string[],
): Station[] {
  const makers = new Map<string, Walked | "input">([[input, "input"]]);
  const readers = new Map<string, NodeProto[]>();
  for (const proto of nodes) {
    const sources = readBy(proto).flatMap((name) => makers.get(name) ?? []);
    for (const name of proto.input) readers.set(name, [...(readers.get(name) ?? []), proto]);
    if (sources.length === 0) continue;
    const walked = sources.map((each) => (each === "input" ? undefined : each));
    const before = walked.reduce(common);
    const isSpatial =
      spatial.has(proto.opType) || (!weighted.has(proto.opType) && walked.some((each) => each?.isSpatial));
    const own = { proto, before, depth: (before?.depth ?? 0) + 1, isSpatial };
    for (const name of proto.output) if (name !== "") makers.set(name, own);
  }
  const isRead = (name: string): boolean =>
    (readers.get(name) ?? []).some(
      ({ opType, output: [next] }) =>
        weighted.has(opType) || (moving.has(opType) && next !== undefined && isRead(next)),
    );
  const isImage = (name: string): boolean =>
    (readers.get(name) ?? []).some(
      ({ opType, output: [next] }) =>
        spatial.has(opType) || (keeping.has(opType) && next !== undefined && isImage(next)),
    );
  const line: Station[] = [];
  const last = makers.get(output);
  for (let at = last === "input" ? undefined : last; at; at = at.before) {
    const {
      opType: op,
      output: [first = ""],
    } = at.proto;
    const name = at === last ? output : first;
    line.push({ name, op, isMoved: moving.has(op), isRead: isRead(name), isSpatial: at.isSpatial });
  }
  line.push({ name: input, op: "", isMoved: false, isRead: isRead(input), isSpatial: isImage(input) });
  return line.reverse();
}

/** The nearest node that both come from. */
function common(a: Walked | undefined, b: Walked | undefined): Walked | undefined {
  while (a !== b) {
    if (a === undefined || b === undefined) return undefined;
    if (a.depth >= b.depth) a = a.before;
    else b = b.before;
  }
  return a;
}
