/** Mutations of the passes of the lowering, for `mutate.ts`, each with tests that take seconds. */
import { type Mutation, inLowering as of } from "./mutations.js";

/** The examples of the passes, and where results may differ. */
const numbers = "numbers of jax-js";
const rows = "by its switch alone|where the target is strict";

const algebra = of("passes/algebra.ts", ["passes", "semantics", "lower"], `${numbers}|${rows}|idioms`);
const integers = of("passes/algebra.ts", ["edge-values"], "integers");
const pointwise = of("passes/convolutions/pointwise.ts", ["fixed"], "pointwise");
const windows = of(
  "passes/convolutions/gathered-windows.ts",
  ["structured", "lower"],
  "convolutions|windows",
);
const taps = of("passes/convolutions/taps.ts", ["structured", "conv-locality"]);
const filtering = of("passes/convolutions/minimal-filtering.ts", ["winograd"]);
const winograd = of("passes/convolutions/winograd.ts", ["winograd"]);
const chains = of("passes/matrix-chains.ts", ["lower", "fixed", "semantics"], `matrices|product|${rows}`);
const rotations = of("passes/rotations.ts", ["rotations"]);
const tanh = of("passes/tanh.ts", ["tanh"]);
const reductions = of("passes/row-reductions.ts", ["passes", "rules"], `${numbers}|extremes`);
const biases = of("passes/biases.ts", ["passes", "lower"], `${numbers}|second product`);
const runs = of("passes/long-runs.ts", ["fixed"], "operands");
const joined = of("passes/joined-transposes.ts", ["transposes"], "program");
const split = of("passes/split-transposes.ts", ["transposes"], "program");
const steps = of("passes/transpose-steps.ts", ["transposes"], "steps");

export const passMutations: readonly Mutation[] = [
  // passes on equations
  algebra("literal(cx, inner.value + b.literal, a.dtype)", "literal(cx, inner.value - b.literal, a.dtype)"),
  algebra("number(inner.value * value)", "number(inner.value + value)"),
  algebra(
    'return apply(cx, "Sub", [a, under(b, minusB.inputs[0] as string)], a.dtype);',
    'return apply(cx, "Sub", [under(b, minusB.inputs[0] as string), a], a.dtype);',
  ),
  algebra(
    'return apply(cx, "Sub", [under(a, y), under(a, x)], a.dtype);',
    'return apply(cx, "Sub", [under(a, x), under(a, y)], a.dtype);',
  ),
  algebra(
    "product(cx, under(a, negative.inputs[0] as string), number(-value))",
    "product(cx, under(a, negative.inputs[0] as string), number(value))",
  ),
  algebra("if (!made || x.base === over.base) return undefined;", "return undefined;"),
  algebra("cx.graph.target.semantics.reassociation || made", "true || made"),
  algebra("!cx.graph.target.semantics.reassociation || made === undefined || ", "made === undefined || "),
  algebra("Number(limit.data[0]) !== 0", "Number(limit.data[0]) === 0"),
  integers("if (!isFloat(a.dtype)) return undefined;\n  if (b.literal === 0)", "if (b.literal === 0)"),
  pointwise("if (outputs > between) return undefined;", ""),
  pointwise("return [bias ? add(cx, result, bias(plain)) : result];", "return [result];"),
  pointwise("before === 0 && input === output", "input === output"),
  windows(
    "before: (params.padding[i] as [number, number])[0]",
    "before: (params.padding[i] as [number, number])[1]",
  ),
  windows("kernel: reversal && all ? reversal.source : w", "kernel: w"),
  windows("kernelDilation: params.rhsDilation[i] as number", "kernelDilation: 1"),
  taps("const entry = axis.reversed ? axis.kernel - 1 - t : t;", "const entry = t;"),
  taps("q * axis.stride + entry", "q + entry"),
  taps("const p = place / axis.inputDilation;", "const p = place;"),
  taps("if (mayCancel || !byKernel.index.includes(-1))", "if (true)"),
  taps(
    "const places = index.map((at) => (at < 0 ? size : at));",
    "const places = index.map((at) => (at < 0 ? 0 : at));",
  ),
  filtering("before, reversed } = axis", "before: 0, reversed } = { ...axis, before: 0 }"),
  filtering("kernel - 1 - before", "kernel - before"),
  filtering("coefficient / scale", "coefficient"),
  filtering("(a[k - 1] ?? 0) - root * (a[k] ?? 0)", "(a[k - 1] ?? 0) + root * (a[k] ?? 0)"),
  winograd("along(cx, u, 2 + i, turned(rows))", "along(cx, u, 2 + i, rows)"),
  // passes on the graph
  chains("order.cost < best.cost ||", "order.cost > best.cost ||"),
  chains("sliceRows(graph, b, end - width, end)", "sliceRows(graph, b, 0, width)"),
  chains(
    "flipped ? [transposed(b), transposed(a)] : [a, b]",
    "flipped ? [transposed(a), transposed(b)] : [a, b]",
  ),
  chains(
    'name: graph.node("Mul", [a.name, factor], { type: graph.typeOf(a.name), shape }),',
    "name: a.name,",
  ),
  chains('needs: "reassociation",', ""),
  rotations("graph.isRotation(right.name)", "true"),
  rotations("graph.isResult(w) || graph.isResult(kept.of)", "graph.isResult(kept.of)"),
  rotations("cutColumns(graph, kept.matrix, cut as Cut)", "kept.columns"),
  tanh("isNumber(where.inputs[1], 1) && isNumber(where.inputs[2], -1)", "true"),
  tanh("!graph.isResult(name) && ", ""),
  tanh("return isSign && ofX ?", "return isSign ?"),
  reductions("const length = rows / parts;", "const length = rows;"),
  reductions('{ ReduceMax: "Max", ReduceMin: "Min" }', '{ ReduceMax: "Min", ReduceMin: "Max" }'),
  reductions("if (rows % parts !== 0) return undefined;", ""),
  biases("[...inputs, other], type", "[...inputs], type"),
  biases("isProduct(graph, made) && graph.hasOneReader(name)", "isProduct(graph, made)"),
  runs("sizeOf(whole) * smaller > sizeOf(result)", "false"),
  runs("length *= result[at] as number;\n    whole[at]", "whole[at]"),
  joined("const undone = joined.perm.every((axis, i) => axis === i);", "const undone = true;"),
  joined("place.get(part) as number", "part"),
  split("return flattened(graph, value);", "return value;"),
  split("if (steps.length === 1) return undefined;", "return undefined;"),
  steps("kept.indexOf(last) + 1 === kept.indexOf(axis)", "kept.indexOf(last) < kept.indexOf(axis)"),
];
