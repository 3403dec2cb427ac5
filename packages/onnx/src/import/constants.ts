import { sizeOf } from "@flowify/core/layer";
import {
  exactIntAttribute,
  exactIntsAttribute,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  tensorAttribute,
} from "./attributes.js";
import { type Element, elementOf, typeName } from "./elements.js";
import type { OnnxNode } from "./graph.js";
import { empty, type Fold, movingFolds, needed } from "./moving.js";
import {
  atOldAxis,
  broadcast,
  broadcastStrides,
  fail,
  flattened,
  reshapeTarget,
  shapeOf,
  squeezed,
  unsqueezed,
  walk,
  wholeNumbers,
} from "./shapes.js";
import { summingFolds } from "./summing.js";
import { type Constant, floats, integers, put } from "./tensor.js";

/** Axes of Squeeze and similar operators: an attribute until opset 12, an input since then. */
const axesOption = (node: OnnxNode, input: Constant | undefined): readonly number[] | undefined =>
  input ? wholeNumbers(node, input) : intsAttribute(node, "axes");

type OfIntegers = (x: bigint, y: bigint, node: OnnxNode, element: Element) => bigint;

const isWhole = ({ element }: Constant): boolean => element.kind !== "float";

/** An operator on floats and on integers; the result is rounded, or wraps around, in the type of the first operand. */
const binary =
  (ofFloats: (x: number, y: number) => number, ofIntegers: OfIntegers): Fold =>
  (node, inputs, opset) => {
    const [a, given] = [needed(node, inputs, 0), needed(node, inputs, 1)];
    const b = { ...given, shape: atOldAxis(node, opset, a.shape, given.shape) };
    const shape = broadcast(node, a.shape, b.shape);
    const data = empty(node, a.element, shape);
    const whole = isWhole(a) && isWhole(b);
    walk(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (i, [at, bt]) => {
      const [x, y] = [a.data[at!]!, b.data[bt!]!];
      const value = whole
        ? ofIntegers(BigInt(x), BigInt(y), node, a.element)
        : ofFloats(Number(x), Number(y));
      put(data, i, a.element.hold(value));
    });
    return { shape, element: a.element, data };
  };

const unary =
  (ofFloats: (x: number) => number, ofIntegers?: (x: bigint) => bigint): Fold =>
  (node, inputs) => {
    const { shape, element, data: entries } = needed(node, inputs, 0);
    if (element.kind !== "float" && !ofIntegers) fail(node, `does not take ${typeName(element.code)}`);
    const data = empty(node, element, shape);
    for (let i = 0; i < entries.length; i++) {
      const x = entries[i]!;
      put(data, i, element.hold(element.kind === "float" ? ofFloats(Number(x)) : ofIntegers!(BigInt(x))));
    }
    return { shape, element, data };
  };

/** The largest of the inputs, entry by entry, or with −1 the smallest. */
const extreme =
  (sign: 1 | -1): Fold =>
  (node, inputs, opset) => {
    const larger = binary(
      (x, y) => sign * Math.max(sign * x, sign * y),
      (x, y) => (BigInt(sign) * (x - y) > 0n ? x : y),
    );
    return inputs
      .slice(1)
      .reduce<Constant>(
        (found, next) => (next ? larger(node, [found, next], opset) : found),
        needed(node, inputs, 0),
      );
  };

const largest = extreme(1);
const smallest = extreme(-1);

/** Bounds are attributes until opset 10, inputs since then. */
const clip: Fold = (node, inputs, opset) => {
  const [low, high] = ["min", "max"].map((name, i) => {
    const bound = floatAttribute(node, name);
    return inputs[i + 1] ?? (bound === undefined ? undefined : floats([bound], []));
  });
  return smallest(node, [largest(node, [inputs[0], low], opset), high], opset);
};

const same: Fold = (node, inputs) => needed(node, inputs, 0);

/**
 * Rounds toward zero. ONNX Runtime fails for a division by 0, and crashes the process for the smallest number divided
 * by −1.
 */
const quotient: OfIntegers = (x, y, node, element) => {
  if (y === 0n || BigInt(element.hold(x / y)) !== x / y)
    fail(node, `divides ${x} by ${y}, which is no ${typeName(element.code)}`);
  return x / y;
};

/** The rest of a division: of the sign of the divisor, or with `fmod` of the dividend, as floats always have it. */
const rest: OfIntegers = (x, y, node) => {
  if (y === 0n) fail(node, `divides ${x} by 0`);
  const own = x % y;
  return intAttribute(node, "fmod") === 1 || own === 0n || own < 0n === y < 0n ? own : own + y;
};

/** By repeated squaring, so that intermediate numbers fit the type; 1 / x for −1 is rounded toward zero. */
const power: OfIntegers = (x, y, node) => {
  if (y < 0n) {
    if (x === 0n) fail(node, `raises 0 to the power ${y}`);
    return x === 1n || x === -1n ? x ** (y & 1n) : 0n;
  }
  let result = 1n;
  for (let [square, left] = [x, y]; left > 0n; left >>= 1n, square = BigInt.asIntN(64, square * square))
    if (left & 1n) result = BigInt.asIntN(64, result * square);
  return result;
};

const withShape =
  (sizes: (node: OnnxNode, x: Constant, second: Constant | undefined) => readonly number[]): Fold =>
  (node, inputs) => {
    const x = needed(node, inputs, 0);
    return { ...x, shape: sizes(node, x, inputs[1]) };
  };

const constant: Fold = (node) => {
  const int = exactIntAttribute(node, "value_int");
  const ints = exactIntsAttribute(node, "value_ints");
  const float = floatAttribute(node, "value_float");
  const list = floatsAttribute(node, "value_floats");
  return (
    tensorAttribute(node, "value") ??
    (int !== undefined ? integers([int], []) : undefined) ??
    (ints && integers(ints)) ??
    (float !== undefined ? floats([float], []) : undefined) ??
    (list && floats(list)) ??
    fail(node, "holds no numbers")
  );
};

const constantOfShape: Fold = (node, inputs) => {
  const shape = wholeNumbers(node, needed(node, inputs, 0));
  if (shape.some((n) => n < 0)) fail(node, `cannot make [${shape.join(", ")}]`);
  const { element, data: given } = tensorAttribute(node, "value") ?? floats([0]);
  const data = empty(node, element, shape);
  for (let i = 0; i < data.length; i++) put(data, i, given[0] ?? element.hold(0));
  return { shape, element, data };
};

const range: Fold = (node, inputs) => {
  const parts = [0, 1, 2].map((i) => needed(node, inputs, i)) as [Constant, Constant, Constant];
  const { element } = parts[0];
  const [start, limit, delta] = parts.map(({ data }) => Number(data[0])) as [number, number, number];
  if (delta === 0) fail(node, "has a step of 0");
  const shape = [Math.max(0, Math.ceil((limit - start) / delta))];
  const data = empty(node, element, shape);
  const [first, step] = [parts[0].data[0] ?? 0, parts[2].data[0] ?? 0];
  for (let i = 0; i < data.length; i++)
    put(
      data,
      i,
      element.hold(isWhole(parts[0]) ? BigInt(first) + BigInt(i) * BigInt(step) : start + i * delta),
    );
  return { shape, element, data };
};

const cast: Fold = (node, inputs) => {
  const { shape, element: from, data: entries } = needed(node, inputs, 0);
  const to = intAttribute(node, "to") ?? 1;
  const element =
    elementOf(to) ?? fail(node, `makes ${typeName(to)} of constants, a type that flowify does not read`);
  const data = empty(node, element, shape);
  for (let i = 0; i < entries.length; i++)
    put(data, i, element.hold(from.kind === "float" ? entries[i]! : BigInt(entries[i]!)));
  return { shape, element, data };
};

type Entry = number | bigint;

/** A boolean for each pair of entries. */
const comparison =
  (holds: (x: Entry, y: Entry) => boolean): Fold =>
  (node, inputs) => {
    const [a, b] = [needed(node, inputs, 0), needed(node, inputs, 1)];
    const shape = broadcast(node, a.shape, b.shape);
    const element = elementOf(BOOL)!;
    const data = empty(node, element, shape);
    walk(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (i, [at, bt]) => {
      put(data, i, element.hold(holds(a.data[at!]!, b.data[bt!]!) ? 1n : 0n));
    });
    return { shape, element, data };
  };

const not: Fold = (node, inputs) => {
  const x = needed(node, inputs, 0);
  const data = empty(node, x.element, x.shape);
  for (let i = 0; i < data.length; i++) put(data, i, x.element.hold(Number(x.data[i]) === 0 ? 1n : 0n));
  return { ...x, data };
};

const where: Fold = (node, inputs) => {
  const all = [0, 1, 2].map((i) => needed(node, inputs, i)) as [Constant, Constant, Constant];
  const shape = all.map((each) => each.shape).reduce((a, b) => broadcast(node, a, b));
  const [condition, a, b] = all;
  const data = empty(node, a.element, shape);
  walk(
    shape,
    all.map((each) => broadcastStrides(each.shape, shape)),
    (i, [ct, at, bt]) => {
      put(data, i, Number(condition.data[ct!]) === 0 ? b.data[bt!]! : a.data[at!]!);
    },
  );
  return { shape, element: a.element, data };
};

/** The upper or the lower triangle of matrices, zeros elsewhere. */
const trilu: Fold = (node, inputs) => {
  const { shape, element, data: entries } = needed(node, inputs, 0);
  const k = inputs[1] ? wholeNumbers(node, inputs[1])[0]! : 0;
  const isUpper = intAttribute(node, "upper") !== 0;
  const [rows = 1, columns = 1] = shape.slice(-2);
  const data = empty(node, element, shape);
  for (let i = 0; i < entries.length; i++) {
    const [row, column] = [Math.floor(i / columns) % rows, i % columns];
    if (isUpper ? column - row >= k : column - row <= k) put(data, i, entries[i]!);
  }
  return { shape, element, data };
};

/** The code of booleans in ONNX. */
const BOOL = 9;

/** The operators that are computed during import if all inputs are constants. */
export const foldable: { readonly [op: string]: Fold } = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Identity: same,
  Dropout: same,
  Neg: unary(
    (x) => -x,
    (x) => -x,
  ),
  Abs: unary(Math.abs, (x) => (x < 0n ? -x : x)),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Max: largest,
  Min: smallest,
  Clip: clip,
  Add: binary(
    (x, y) => x + y,
    (x, y) => x + y,
  ),
  Sub: binary(
    (x, y) => x - y,
    (x, y) => x - y,
  ),
  Mul: binary(
    (x, y) => x * y,
    (x, y) => x * y,
  ),
  Div: binary((x, y) => x / y, quotient),
  Mod: binary((x, y) => x % y, rest),
  Pow: binary((x, y) => x ** y, power),
  Reshape: withShape((node, x, shape) =>
    reshapeTarget(node, x.shape, shape ? wholeNumbers(node, shape) : (intsAttribute(node, "shape") ?? [])),
  ),
  Squeeze: withShape((node, x, axes) => squeezed(node, x.shape, axesOption(node, axes))),
  Unsqueeze: withShape((node, x, axes) =>
    unsqueezed(node, x.shape, axesOption(node, axes) ?? fail(node, "has no axes")),
  ),
  Flatten: withShape((node, x) => flattened(node, x.shape)),
  Shape: (node, inputs) => shapeOf(node, needed(node, inputs, 0).shape),
  Size: (node, inputs) => integers([sizeOf(needed(node, inputs, 0).shape)], []),
  Cast: cast,
  Equal: comparison((x, y) => x === y),
  Less: comparison((x, y) => x < y),
  LessOrEqual: comparison((x, y) => x <= y),
  Greater: comparison((x, y) => x > y),
  GreaterOrEqual: comparison((x, y) => x >= y),
  And: comparison((x, y) => Number(x) !== 0 && Number(y) !== 0),
  Or: comparison((x, y) => Number(x) !== 0 || Number(y) !== 0),
  Not: not,
  Where: where,
  Trilu: trilu,
  ...movingFolds,
  ...summingFolds,
  Range: range,
};
