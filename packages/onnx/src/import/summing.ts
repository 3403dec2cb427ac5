import { flagAttribute, floatAttribute, intsAttribute } from "./attributes.js";
import type { OnnxNode } from "./graph.js";
import { empty, type Fold, needed } from "./moving.js";
import { axesOf, broadcast, broadcastStrides, fail, stridesOf, walk, wholeNumbers } from "./shapes.js";
import { type Constant, put } from "./tensor.js";

/** Most multiplications of a product of constants. */
const MOST_PRODUCTS = 2 ** 31;

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const sumOfSquares = (values: readonly number[]): number => sumOf(values.map((value) => value ** 2));

/** One number in place of all along some axes: an attribute until opset 12 or 17, an input since then. */
const reduction =
  (of: (values: readonly number[]) => number): Fold =>
  (node, inputs) => {
    const x = needed(node, inputs, 0);
    const given = inputs[1] ? wholeNumbers(node, inputs[1]) : (intsAttribute(node, "axes") ?? []);
    if (given.length === 0 && flagAttribute(node, "noop_with_empty_axes") === true) return x;
    const axes = axesOf(node, given.length > 0 ? given : x.shape.map((_, i) => i), x.shape.length);
    const strides = stridesOf(x.shape);
    const isGone = (_: unknown, axis: number): boolean => axes.includes(axis);
    const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const data = empty(node, x.element, kept);
    walk(kept, [strides], (i, [from]) => {
      const values: number[] = [];
      walk(x.shape.filter(isGone), [strides.filter(isGone)], (_, [at]) => {
        values.push(Number(x.data[from! + at!]!));
      });
      const value = of(values);
      put(data, i, x.element.hold(x.element.kind === "float" ? value : BigInt(Math.trunc(value))));
    });
    const shape =
      flagAttribute(node, "keepdims") === false ? kept.filter((_, axis) => !axes.includes(axis)) : kept;
    return { ...x, shape, data };
  };

const turned = (x: Constant): Constant => {
  const [rows = 1, columns = 1] = x.shape;
  const data = x.element.room(x.data.length);
  for (let i = 0; i < data.length; i++) put(data, i, x.data[(i % rows) * columns + Math.floor(i / rows)]!);
  return { ...x, shape: [columns, rows], data };
};

/** Products of stacks of matrices; a vector is a row on the left and a column on the right. */
function product(node: OnnxNode, a: Constant, b: Constant): Constant {
  const [left, right] = [
    a.shape.length === 1 ? [1, ...a.shape] : a.shape,
    b.shape.length === 1 ? [...b.shape, 1] : b.shape,
  ];
  const [rows = 1, inner = 1] = left.slice(-2);
  const [below, columns = 1] = right.slice(-2);
  if (left.length < 2 || right.length < 2 || inner !== below)
    fail(node, `cannot multiply [${a.shape.join(", ")}] by [${b.shape.join(", ")}]`);
  const stacks = broadcast(node, left.slice(0, -2), right.slice(0, -2));
  const data = empty(node, a.element, [...stacks, rows, columns]);
  if (data.length * inner > MOST_PRODUCTS) fail(node, "multiplies constants that are too large");
  const strides = [left, right].map((shape) => broadcastStrides(shape.slice(0, -2), stacks));
  walk(stacks, strides, (stack, [at, bt]) => {
    const [from, second] = [at! * rows * inner, bt! * inner * columns];
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < inner; k++)
          sum += Number(a.data[from + row * inner + k]!) * Number(b.data[second + k * columns + column]!);
        put(data, (stack * rows + row) * columns + column, a.element.hold(sum));
      }
  });
  const shape = [
    ...stacks,
    ...(a.shape.length === 1 ? [] : [rows]),
    ...(b.shape.length === 1 ? [] : [columns]),
  ];
  return { ...a, shape, data };
}

const expectFloats = (node: OnnxNode, { element }: Constant): void => {
  if (element.kind !== "float") fail(node, "multiplies matrices of integers");
};

const matMul: Fold = (node, inputs) => {
  const [a, b] = [needed(node, inputs, 0), needed(node, inputs, 1)];
  expectFloats(node, a);
  return product(node, a, b);
};

const gemm: Fold = (node, inputs) => {
  const [a, b] = [needed(node, inputs, 0), needed(node, inputs, 1)];
  expectFloats(node, a);
  const [alpha = 1, beta = 1] = ["alpha", "beta"].map((name) => floatAttribute(node, name));
  const own = product(
    node,
    flagAttribute(node, "transA") === true ? turned(a) : a,
    flagAttribute(node, "transB") === true ? turned(b) : b,
  );
  const c = inputs[2];
  const strides = broadcastStrides(c?.shape ?? [], own.shape);
  walk(own.shape, [strides], (i, [at]) => {
    const added = c ? beta * Number(c.data[at!]!) : 0;
    put(own.data, i, own.element.hold(alpha * Number(own.data[i]!) + added));
  });
  return own;
};

/** Operators that add up products, or all numbers along an axis, of constants. */
export const summingFolds: { readonly [op: string]: Fold } = {
  MatMul: matMul,
  Gemm: gemm,
  ReduceSum: reduction(sumOf),
  ReduceMean: reduction((values) => sumOf(values) / values.length),
  ReduceProd: reduction((values) => values.reduce((all, value) => all * value, 1)),
  ReduceMax: reduction((values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
  ReduceMin: reduction((values) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)),
  ReduceSumSquare: reduction(sumOfSquares),
  ReduceL2: reduction((values) => Math.sqrt(sumOfSquares(values))),
};
