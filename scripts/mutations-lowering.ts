/** Mutations of the rules and passes of the lowering, for `mutate.ts`. */
import type { Mutation } from "./mutations.js";

const of =
  (file: string, tests: readonly string[], only?: string) =>
  (from: string, to: string): Mutation => ({ file, from, to, tests, ...(only && { only }) });

/** Test files of the lowering that end in seconds. */
const test = (name: string): string => `onnx/test/${name}.test`;
const [rules, movement, structured, edges] = ["rules", "rules-movement", "structured", "edge-values"].map(
  test,
) as [string, string, string, string];
const [lower, fixed, semantics, passes] = ["lower", "fixed", "semantics", "passes"].map(test) as [
  string,
  string,
  string,
  string,
];
const transposes = test("transposes");

const algebra = of("passes/algebra.ts", [lower, semantics, edges, rules, test("programs")]);
const parts = of("passes/joined-parts.ts", [lower]);
const fixedSums = of("passes/fixed-sums.ts", [semantics, fixed, passes]);
const cumulative = of("passes/cumulative-sums.ts", [edges], "cumulative");
const contractions = of("passes/contractions.ts", [lower, passes]);
const pointwise = of("passes/convolutions/pointwise.ts", [fixed]);
const windows = of("passes/convolutions/gathered-windows.ts", [structured], "convolutions");
const taps = of(
  "passes/convolutions/taps.ts",
  [structured, test("conv-locality")],
  "convolutions|stride|pad",
);
const filtering = of("passes/convolutions/minimal-filtering.ts", [test("winograd")]);
const winograd = of("passes/convolutions/winograd.ts", [test("winograd")]);
const chains = of("passes/matrix-chains.ts", [lower, fixed, semantics]);
const rotations = of("passes/rotations.ts", [test("rotations")]);
const tanh = of("passes/tanh.ts", [test("tanh")]);
const rows = of("passes/row-reductions.ts", [rules, passes]);
const biases = of("passes/biases.ts", [lower, passes]);
const scalars = of("passes/scalar-sums.ts", [lower]);
const narrow = of("passes/narrow-products.ts", [lower]);
const runs = of("passes/long-runs.ts", [fixed]);
const joined = of("passes/joined-transposes.ts", [transposes]);
const split = of("passes/split-transposes.ts", [transposes]);
const steps = of("passes/transpose-steps.ts", [transposes]);

const arithmetic = of("rules/arithmetic.ts", [edges, rules]);
const bits = of("rules/bits.ts", [structured, edges], "bits|shifts|casts");
const choice = of("rules/choice.ts", [rules, edges]);
const concat = of("rules/concat.ts", [movement, passes, transposes]);
const conv = of("rules/conv.ts", [structured, passes]);
const dot = of("rules/dot.ts", [rules, semantics]);
const products = of("rules/matrix-product.ts", [rules, passes, transposes]);
const exact = of("rules/exact-reductions.ts", [semantics]);
const reductions = of("rules/reductions.ts", [rules, transposes]);
const indexing = of("rules/indexing.ts", [structured], "indexing");
const moving = of("rules/movement.ts", [movement, transposes]);
const sort = of("rules/sort.ts", [edges, structured], "order|sorting");
const special = of("rules/special.ts", [rules, semantics]);
const windowed = of("rules/windows.ts", [structured], "windows");
const elementwise = of("rules/elementwise.ts", [rules, edges]);

export const loweringMutations: readonly Mutation[] = [
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
  algebra("if (!isFloat(a.dtype)) return undefined;\n  if (b.literal === 0)", "if (b.literal === 0)"),
  parts("left.before + size(left) !== right.before", "false"),
  parts("const [left, right] = p.before <= q.before ? [p, q] : [q, p];", "const [left, right] = [p, q];"),
  parts(
    "{ dim: p.dim, before: left.before, after: right.after }",
    "{ dim: p.dim, before: right.after, after: left.before }",
  ),
  fixedSums("(graph.isFixed(v.base) ? 1 : -1)", "(graph.isFixed(v.base) ? -1 : 1)"),
  fixedSums('needs: "reassociation",', ""),
  cumulative("column <= row", "column < row"),
  cumulative('upToIt: "fromIt",', 'upToIt: "upToIt",'),
  cumulative('exclusive: Number(takes === "beforeIt" || takes === "afterIt")', "exclusive: 0"),
  cumulative('reverse: Number(takes === "fromIt" || takes === "afterIt")', "reverse: 0"),
  contractions('const pair = op === "Add" ?', 'const pair = op !== "Add" ?'),
  contractions("axes.some((i) => holds(x, i) && holds(y, i)) &&", ""),
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
  rows("const parts = Math.ceil(rows / mostRows);", "const parts = 1;"),
  rows('{ ReduceMax: "Max", ReduceMin: "Min" }', '{ ReduceMax: "Min", ReduceMin: "Max" }'),
  rows("if (rows % parts !== 0) return undefined;", ""),
  biases("type.shape.join() !== graph.shapeOf(product).join() || ", ""),
  biases("isProduct(graph, made) && graph.hasOneReader(name)", "isProduct(graph, made)"),
  scalars("[...before.inputs, second]", "[...before.inputs]"),
  scalars("|| first === second || !graph.hasOneReader(first)", ""),
  narrow("n >= narrow || n >= m || k < long", "n >= narrow || k < long"),
  narrow(
    "[graph.transpose(b, [1, 0]), a], type), [1, 0])",
    "[graph.transpose(b, [1, 0]), a], type), [0, 1])",
  ),
  runs("sizeOf(whole) * smaller > sizeOf(result)", "false"),
  runs("length *= result[at] as number;\n    whole[at]", "whole[at]"),
  joined("costOf(both.shape, both.perm) < saved", "true"),
  joined("place.get(part) as number", "part"),
  split("return flattened(graph, value);", "return value;"),
  split("if (steps.length === 1) return undefined;", "return undefined;"),
  steps("kept.indexOf(last) + 1 === kept.indexOf(axis)", "kept.indexOf(last) < kept.indexOf(axis)"),
  // rules
  arithmetic("const harms = b.literal === 0 || b.literal === -1;", "const harms = b.literal === 0;"),
  arithmetic("select(cx, isLess(cx, a, b), b, a)", "select(cx, isLess(cx, a, b), a, b)"),
  arithmetic("{ attributes: { fmod: 1 } }", "{ attributes: { fmod: 0 } }"),
  bits('op(cx, "BitwiseAnd", by, number(cx, 31))', "by"),
  bits(
    "const [fraction, exponent, sign] = [part(0, 2 ** 23), part(23, 2 ** 8), part(31, 2)];",
    "const [fraction, exponent, sign] = [part(0, 2 ** 23), part(23, 2 ** 8), part(30, 2)];",
  ),
  bits("[17, 29, 16, 24]", "[17, 29, 16, 25]"),
  choice(
    'if (op === "not_equal") return [apply(cx, "Not", [apply(cx, "Equal", [a, b], DType.Bool)], DType.Bool)];',
    "",
  ),
  choice(
    '[apply(cx, "And", [condition, x], x.dtype), apply(cx, "And", [not, y], x.dtype)]',
    '[apply(cx, "And", [not, x], x.dtype), apply(cx, "And", [condition, y], x.dtype)]',
  ),
  concat("shapeOf(v)[axis] !== 0", "shapeOf(v)[axis] !== 1"),
  concat(
    "values.map((v) => arrangeTo(graph, expandAt(cx, v, order), order).base)",
    "values.map((v) => arrangeTo(graph, v, order).base)",
  ),
  conv(
    "(n - 1) * (params.lhsDilation[i] as number) + 1 + (reach[i] as number)",
    "n * (params.lhsDilation[i] as number) + 1 + (reach[i] as number)",
  ),
  conv(
    "padding.map(([p], i) => (reach[i] as number) - p)",
    "padding.map(([p], i) => (reach[i] as number) + p)",
  ),
  conv("dilation: params.rhsDilation[i] as number", "dilation: 1"),
  dot("cx.graph.target.semantics.factoredSums", "true"),
  dot('return repeated(cx, wrap(cx, plain), "Add", times);', "return wrap(cx, plain);"),
  products("if (plan.roles.inner.length === 0) return plain;", ""),
  products("const swap = rank(columns) < rank(rows);", "const swap = rank(columns) > rank(rows);"),
  reductions("v.literal ** times", "v.literal * times"),
  reductions(".reduce((n, f) => (f.lazy ? n * f.size : n), 1)", ".reduce((n) => n, 1)"),
  indexing("others.toSpliced(outDim, 0, ...places)", "others.toSpliced(0, 0, ...places)"),
  indexing('adds ? { reduction: "add" } : {}', "{}"),
  moving(
    "[...none.with(dim, before), ...none.with(dim, after)]",
    "[...none.with(dim, after), ...none.with(dim, before)]",
  ),
  moving("if (before?.axes.join() === sorted.join()) return before.source;", ""),
  moving("graph.ints([start]), graph.ints([end])", "graph.ints([start]), graph.ints([start + end])"),
  exact("size % 2 === 1 ? [slice(plain, rest, axis, size - 1, size)] : []", "[]"),
  exact("isExtreme && !lostNaN", "isExtreme && lostNaN"),
  exact(
    'op === "Add" ? reduceAxes(cx, unsigned, op, axes)',
    'op !== "Add" ? reduceAxes(cx, unsigned, op, axes)',
  ),
  exact("[low, high], v.dtype)", "[low, low], v.dtype)"),
  sort("largest: 0", "largest: 1"),
  sort("const places = gather(first, second);", "const places = first;"),
  special(
    'op(cx, "Sub", literal(cx, 1, a.dtype), op(cx, "Mul", a, a))',
    'op(cx, "Add", literal(cx, 1, a.dtype), op(cx, "Mul", a, a))',
  ),
  special("a.dtype === DType.Float32 && ownFunctions", "a.dtype === DType.Float32"),
  special("-0.284496736", "0.284496736"),
  windowed("(count - 1) * step + 1", "count * step"),
  windowed(
    "Math.floor(i / size) * stride + (i % size) * dilation",
    "Math.floor(i / size) * stride + (i % size)",
  ),
  windowed("o * stride + k * dilation] = 1", "o + k * dilation] = 1"),
  windowed("const start = byWindow ? i * stride : i;", "const start = i;"),
  elementwise("Number.isSafeInteger(value)", "true"),
  elementwise("dtype !== DType.Uint32", "true"),
  elementwise('ceil: unary(floorLike("Ceil")', 'ceil: unary(floorLike("Floor")'),
];
