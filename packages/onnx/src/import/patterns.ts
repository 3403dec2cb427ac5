import { create } from "@bufbuild/protobuf";
import { sizeOf } from "@flowify/core/layer";
import { AttributeProtoSchema, AttributeProto_AttributeType as Type } from "onnx-buf";
import { flagAttribute, floatAttribute, intAttribute, intsAttribute } from "./attributes.js";
import { foldable } from "./constants.js";
import type { OnnxGraph, OnnxNode } from "./graph.js";
import type { Constant } from "./tensor.js";

/** What a value is made of, as far as a pattern looks. */
type View = Readonly<{
  /** The node that makes a value, by its operator. */
  node(value: string, ...ops: readonly string[]): OnnxNode | undefined;
  /** The numbers of a small constant. */
  numbers(value: string | undefined): readonly number[] | undefined;
  /** The number that a constant has in all entries. */
  number(value: string | undefined): number | undefined;
}>;

/** An operator in place of the nodes that a value is made of, and its input. */
type Found = Readonly<{ op: string; x: string; attributes?: OnnxNode["attributes"] }>;

const found = (op: string, c: number, x?: string, attributes?: Found["attributes"]) =>
  x === undefined ? undefined : { op, c, x, ...(attributes && { attributes }) };

/** Finds what the nodes up to this value stand for. */
type Pattern = (value: string, view: View) => Found | undefined;

const TANH: OnnxNode["attributes"] = new Map([
  ["approximate", create(AttributeProtoSchema, { type: Type.STRING, s: new TextEncoder().encode("tanh") })],
]);

const near = (value: number | undefined, wanted: number): boolean =>
  value !== undefined && Math.abs(value - wanted) <= 1e-3 * Math.abs(wanted);

/** The value next to a number in a sum or product of both. */
function besideNumber(node: OnnxNode | undefined, wanted: number, { number }: View): string | undefined {
  const [a, b] = node?.inputs ?? [];
  return near(number(b), wanted) ? a : near(number(a), wanted) ? b : undefined;
}

/** Most nodes of a product, one after the other: squares of squares have ever more factors. */
const DEEPEST = 4;

/** A product as a number and its other factors, through Mul, and Div by a number; `whole` is a factor as it is. */
function factorsOf(
  value: string,
  view: View,
  whole?: string,
  depth = DEEPEST,
): { number: number; values: readonly string[] } {
  const own = view.number(value);
  if (own !== undefined) return { number: own, values: [] };
  const node = value === whole || depth === 0 ? undefined : view.node(value, "Mul", "Div");
  const divisor = node?.op === "Div" ? view.number(node.inputs[1]) : 1;
  if (!node || divisor === undefined) return { number: 1, values: [value] };
  const parts = node.inputs
    .slice(0, node.op === "Div" ? 1 : 2)
    .map((input) => factorsOf(input, view, whole, depth - 1));
  return {
    number: parts.reduce((product, { number }) => product * number, 1 / divisor),
    values: parts.flatMap(({ values }) => values),
  };
}

/** x of c x, as a product or a quotient. */
function partOf(value: string, c: number, view: View): string | undefined {
  const quotient = view.node(value, "Div");
  if (quotient) return near(view.number(quotient.inputs[1]), 1 / c) ? quotient.inputs[0] : undefined;
  return besideNumber(view.node(value, "Mul"), c, view);
}

/** x of √(2/π) (x + 0.044715 x³). */
function cubicOf(value: string, view: View): string | undefined {
  const sum = view.node(partOf(value, Math.sqrt(2 / Math.PI), view) ?? "", "Add");
  return sum?.inputs.find((x) =>
    sum.inputs.some((other) => {
      const { number, values } = factorsOf(other, view, x);
      const power = view.node(values[0] ?? "", "Pow");
      const isPower = values.length === 1 && power?.inputs[0] === x && near(view.number(power.inputs[1]), 3);
      return near(number, 0.044715) && (isPower || (values.length === 3 && values.every((v) => v === x)));
    }),
  );
}

/** Functions c x g(x), by g: the operator, c, and the x of g. */
const gates: readonly ((value: string, view: View) => (Found & { c: number }) | undefined)[] = [
  (value, { node }) => found("Swish", 1, node(value, "Sigmoid")?.inputs[0]),
  (value, { node }) => found("Mish", 1, node(node(value, "Tanh")?.inputs[0] ?? "", "Softplus")?.inputs[0]),
  (value, { node }) => {
    const hard = node(value, "HardSigmoid");
    const [alpha, beta] = ["alpha", "beta"].map((name) => hard && floatAttribute(hard, name));
    return found("HardSwish", 1, near(alpha, 1 / 6) && near(beta ?? 0.5, 0.5) ? hard?.inputs[0] : undefined);
  },
  (value, view) => {
    const clip = view.node(value, "Clip");
    const [min, max] = ["min", "max"].map(
      (name, i) => view.number(clip?.inputs[i + 1]) ?? (clip && floatAttribute(clip, name)),
    );
    const inside = view.node(clip?.inputs[0] ?? "", "Add");
    return found("HardSwish", 1 / 6, min === 0 && max === 6 ? besideNumber(inside, 3, view) : undefined);
  },
  (value, view) => {
    const erf = view.node(besideNumber(view.node(value, "Add"), 1, view) ?? "", "Erf");
    return found("Gelu", 0.5, partOf(erf?.inputs[0] ?? "", Math.SQRT1_2, view));
  },
  (value, view) => {
    const tanh = view.node(besideNumber(view.node(value, "Add"), 1, view) ?? "", "Tanh");
    return found("Gelu", 0.5, cubicOf(tanh?.inputs[0] ?? "", view), TANH);
  },
];

/** SiLU, Mish, HardSwish and GELU, written as products. */
const selfGated: Pattern = (value, view) => {
  for (const g of factorsOf(value, view).values)
    for (const gate of gates) {
      const own = gate(g, view);
      const { number, values } = own ? factorsOf(value, view, own.x) : { number: 0, values: [] };
      if (own && near(number, own.c) && [...values].sort().join() === [g, own.x].sort().join()) return own;
    }
  return undefined;
};

/** x / (1 + |x|). */
const softsign: Pattern = (value, view) => {
  const [x = "", below = ""] = view.node(value, "Div")?.inputs ?? [];
  const size = view.node(besideNumber(view.node(below, "Add"), 1, view) ?? "", "Abs");
  return size?.inputs[0] === x ? { op: "Softsign", x } : undefined;
};

/** The axes of a mean, and what it is of. */
function meanOf(value: string, { node, numbers }: View): { of: string; axes: readonly number[] } | undefined {
  const mean = node(value, "ReduceMean");
  const axes = mean && (numbers(mean.inputs[1]) ?? intsAttribute(mean, "axes"));
  return axes && flagAttribute(mean, "keepdims") !== false ? { of: mean.inputs[0]!, axes } : undefined;
}

/** x of x², as a power or a product. */
function rootOf(value: string, view: View): string | undefined {
  const [a, b] = view.node(value, "Mul")?.inputs ?? [];
  const power = view.node(value, "Pow");
  return a !== undefined && a === b
    ? a
    : near(view.number(power?.inputs[1]), 2)
      ? power?.inputs[0]
      : undefined;
}

/** The x of x / √(mean x² + ε), written as a quotient, or as a product with a reciprocal. */
function normalizedOf(
  value: string,
  view: View,
): { x: string; axes: readonly number[]; epsilon: number } | undefined {
  const { node, number } = view;
  const options = (node(value, "Div")?.inputs ?? []).length > 0 ? [node(value, "Div")!.inputs] : [];
  const [a = "", b = ""] = node(value, "Mul")?.inputs ?? [];
  for (const [x, factor] of [
    [a, b],
    [b, a],
  ] as const) {
    const [one, below] = node(factor, "Div")?.inputs ?? [];
    const root = node(factor, "Reciprocal")?.inputs[0] ?? (number(one) === 1 ? below : undefined);
    if (root !== undefined) options.push([x, root]);
  }
  for (const [x = "", root = ""] of options) {
    const sum = node(node(root, "Sqrt")?.inputs[0] ?? "", "Add");
    for (const [square, added] of sum ? [sum.inputs, sum.inputs.toReversed()] : []) {
      const mean = meanOf(square ?? "", view);
      const epsilon = number(added);
      if (mean && epsilon !== undefined && rootOf(mean.of, view) === x)
        return { x, axes: mean.axes, epsilon };
    }
  }
  return undefined;
}

/** LayerNormalization and RMSNormalization without factors, in single steps. */
const normalized: Pattern = (value, view) => {
  const own = normalizedOf(value, view);
  if (!own) return undefined;
  const [x = "", m = ""] = view.node(own.x, "Sub")?.inputs ?? [];
  const mean = meanOf(m, view);
  const isCentred = mean?.of === x && mean.axes.join() === own.axes.join();
  return {
    op: isCentred ? "LayerNormalization" : "RMSNormalization",
    x: isCentred ? x : own.x,
    attributes: new Map([
      ["axes", create(AttributeProtoSchema, { type: Type.INTS, ints: own.axes.map(BigInt) })],
      ["epsilon", create(AttributeProtoSchema, { type: Type.FLOAT, f: own.epsilon })],
    ]),
  };
};

/** Bounds of a length, below which exporters divide by the bound. */
const SHORT = 1e-6;

/** x / max(|x|, a small number). */
const ofLength: Pattern = (value, { node, number, numbers }) => {
  const [x = "", divisor = ""] = node(value, "Div")?.inputs ?? [];
  const bounded = node(divisor, "Expand")?.inputs[0] ?? divisor;
  const bound = node(bounded, "Clip");
  const least = bound && (number(bound.inputs[1]) ?? floatAttribute(bound, "min"));
  const isSmall = bound ? least !== undefined && least <= SHORT && !bound.inputs[2] : true;
  const length = isSmall ? node(bound?.inputs[0] ?? bounded, "ReduceL2") : undefined;
  const [axis, ...more] = (length && (numbers(length.inputs[1]) ?? intsAttribute(length, "axes"))) ?? [];
  if (length?.inputs[0] !== x || axis === undefined || more.length > 0) return undefined;
  if (flagAttribute(length, "keepdims") === false) return undefined;
  const along = create(AttributeProtoSchema, { type: Type.INT, i: BigInt(axis) });
  return { op: "LpNormalization", x, attributes: new Map([["axis", along]]) };
};

const patterns: readonly Pattern[] = [selfGated, softsign, normalized, ofLength];

/** A Concat of a Concat before it and of more: in networks that keep all results, it begins with the same values. */
function longer(node: OnnxNode, before: OnnxNode[]): OnnxNode {
  const axis = intAttribute(node, "axis");
  const starts = ({ inputs }: OnnxNode): boolean =>
    inputs.length > 1 &&
    inputs.length < node.inputs.length &&
    inputs.every((name, i) => name === node.inputs[i]);
  const found = before.findLast((each) => intAttribute(each, "axis") === axis && starts(each));
  before.push(node);
  return found ? { ...node, inputs: [found.outputs[0]!, ...node.inputs.slice(found.inputs.length)] } : node;
}

/** Entries of constants that patterns do not look at, at least. */
const SMALL = 5000;

/** The graph with one operator of ONNX in place of the nodes that exporters write it as. What they computed may be left unused. */
export function recognized(graph: OnnxGraph): OnnxGraph {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const small = (value: string): Constant | undefined => {
    const cast = view.node(value, "Cast");
    const input = cast && small(cast.inputs[0] ?? "");
    if (cast) return input && foldable.Cast?.(cast, [input], graph.opset);
    const maker = view.node(value, "Constant");
    const constant = maker ? foldable.Constant?.(maker, [], graph.opset) : graph.constants.get(value);
    return constant && sizeOf(constant.shape) < SMALL ? constant : undefined;
  };
  const view: View = {
    node(value, ...ops) {
      const node = makers.get(value);
      return node?.domain === "" && ops.includes(node.op) ? node : undefined;
    },
    numbers(value = "") {
      const constant = small(value);
      return constant && Array.from(constant.data, Number);
    },
    number(value) {
      const [first, ...others] = view.numbers(value) ?? [];
      return others.every((other) => other === first) ? first : undefined;
    },
  };
  const isConstant = (value: string): boolean =>
    graph.constants.has(value) || view.node(value, "Constant") !== undefined;
  const joined: OnnxNode[] = [];
  const nodes = graph.nodes.map((node): OnnxNode => {
    const [value = ""] = node.outputs;
    if (node.domain === "" && node.op === "Concat") return longer(node, joined);
    for (const pattern of node.domain === "" ? patterns : []) {
      const own = pattern(value, view);
      if (own && !isConstant(own.x))
        return { ...node, op: own.op, inputs: [own.x], attributes: own.attributes ?? new Map() };
    }
    return node;
  });
  return { ...graph, nodes };
}
