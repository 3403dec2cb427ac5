/** Mutations of the rules of the lowering, for `mutate.ts`, each with tests that take seconds. */
import { type Mutation, inLowering as of } from "./mutations.js";

const arithmetic = of("rules/arithmetic.ts", ["edge-values"], "integers");
const bits = of("rules/bits.ts", ["structured", "edge-values"], "bits|shifts|casts");
const choice = of("rules/choice.ts", ["rules"], "element|integers");
const concat = of("rules/concat.ts", ["rules-movement", "passes"], "movement|arrays|numbers of jax-js");
const conv = of("rules/conv.ts", ["conv-rules"]);
const dot = of("rules/dot.ts", ["rules", "semantics"], "products|broadcast|strict");
const products = of("rules/matrix-product.ts", ["rules", "passes", "lower"]);
const exact = of("rules/exact-reductions.ts", ["semantics"]);
const reductions = of("rules/reductions.ts", ["rules"], "integers|reductions");
const indexing = of("rules/indexing.ts", ["structured"], "indexing");
const moving = of("rules/movement.ts", ["rules-movement", "lower"]);
const sort = of("rules/sort.ts", ["edge-values"], "order");
const special = of("rules/special.ts", ["rules", "semantics"], "element|strict");
const windowed = of("rules/windows.ts", ["structured"], "windows");
const gathered = of("rules/windows.ts", ["conv-rules"], "many windows");
const elementwise = of("rules/elementwise.ts", ["rules", "structured"], "element|integers|bits");

const factors = of("programs/factorizations.ts", ["written-out"]);
const fourier = of("programs/fourier.ts", ["written-out"], "fft|length|inverse");
const own = of("own-rules.ts", ["to-onnx"], "rule|nodes|equation");
const values = of("arguments.ts", ["to-onnx"], "values|refuses");
const files = of("file.ts", ["to-onnx"], "second|opset");
const sizes = of("symbolic/sizes.ts", ["to-onnx", "symbolic-axes"]);
const anySize = of("symbolic/any-size.ts", ["symbolic-axes"]);

export const ruleMutations: readonly Mutation[] = [
  arithmetic("{ ...one, axes: b.axes }, factor: b }", "{ ...one, axes: b.axes }, factor: one }"),
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
  products("[left.flipped, !right.flipped]", "[left.flipped, right.flipped]"),
  products("const swap = rank(columns) < rank(rows);", "const swap = rank(columns) > rank(rows);"),
  reductions('"Pow", [v, literal(cx, times', '"Mul", [v, literal(cx, times'),
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
  windowed("(count - 1) * step + 1", "(count - 1) * step"),
  gathered(
    "Math.floor(i / size) * stride + (i % size) * dilation",
    "Math.floor(i / size) * stride + (i % size)",
  ),
  windowed("o * stride + k * dilation] = 1", "o + k * dilation] = 1"),
  windowed("const start = byWindow ? i * stride : i;", "const start = i;"),
  factors("np.where(np.less(np.arange(n), j), 0, scaled)", "scaled"),
  factors("if (j < n - 1) rest = rest.sub(", "if (j < n - 1) rest = rest.add("),
  factors("unitDiagonal ? above : above.div(", "unitDiagonal ? above : above.mul("),
  factors("np.less(np.arange(m), j), -1,", "np.less(np.arange(m), j), 1e9,"),
  factors("np.expandDims(usable.ref, -1), np.less(j, np.arange(n))", "np.expandDims(usable.ref, -1), true"),
  factors("np.where(usable, factors, column)", "factors"),
  fourier("inverse ? 1 : -1", "inverse ? -1 : 1"),
  fourier("powers(b, a, n, sign", "powers(b, a, n, 1"),
  fourier("multiply(b, c)", "multiply(b.neg(), c)"),
  own("name === undefined || found !== wanted", "name === undefined"),
  values("value?.shape?.join() !== shape.join()", "value === undefined"),
  files("Math.ceil(end / ALIGNMENT) * ALIGNMENT", "end"),
  files("bytes.byteLength < atLeast", "false"),
  sizes("larger * p ** e === value * q ** e", "larger * p === value * q || e === 0"),
  anySize("size + (other - size) * steps", "other"),
  elementwise('or: "BitwiseOr"', 'or: "BitwiseXor"'),
  elementwise("min: binary(minimum, Math.min)", "min: binary(maximum, Math.min)"),
  elementwise('ceil: unary(floorLike("Ceil")', 'ceil: unary(floorLike("Floor")'),
];
