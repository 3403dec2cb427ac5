import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  tensorAttribute,
} from "./attributes.js";
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
import { entriesOf, floats, integers, type Tensor } from "./tensor.js";

/** Axes of Squeeze and the like: an attribute until opset 12, an input since. */
const axesOption = (node: OnnxNode, input: Tensor | undefined): readonly number[] | undefined =>
  input ? wholeNumbers(node, input) : intsAttribute(node, "axes");

const binary =
  (f: (x: number, y: number) => number): Fold =>
  (node, inputs, opset) => {
    const [a, given] = [needed(node, inputs, 0), needed(node, inputs, 1)];
    const b = { ...given, shape: atOldAxis(node, opset, a.shape, given.shape) };
    const shape = broadcast(node, a.shape, b.shape);
    const data = empty(node, a, shape);
    const whole = a.type === "int" && b.type === "int";
    walk(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (i, [x, y]) => {
      const value = f(a.data[x!]!, b.data[y!]!);
      data[i] = whole ? Math.trunc(value) : value;
    });
    return { shape, type: a.type, data };
  };

const unary =
  (f: (x: number) => number): Fold =>
  (node, inputs) => {
    const x = needed(node, inputs, 0);
    return { ...x, data: x.data.map(f) };
  };

const withShape =
  (sizes: (node: OnnxNode, x: Tensor, second: Tensor | undefined) => readonly number[]): Fold =>
  (node, inputs) => {
    const x = needed(node, inputs, 0);
    return { ...x, shape: sizes(node, x, inputs[1]) };
  };

const constant: Fold = (node) => {
  const int = intAttribute(node, "value_int");
  const ints = intsAttribute(node, "value_ints");
  const float = floatAttribute(node, "value_float");
  const list = floatsAttribute(node, "value_floats");
  return (
    tensorAttribute(node, "value") ??
    (int !== undefined ? integers([int], []) : undefined) ??
    (ints && integers(ints)) ??
    (float !== undefined ? floats(Float32Array.of(float), []) : undefined) ??
    (list && floats(Float32Array.from(list), [list.length])) ??
    fail(node, "holds no numbers")
  );
};

const constantOfShape: Fold = (node, inputs) => {
  const shape = wholeNumbers(node, needed(node, inputs, 0));
  if (shape.some((n) => n < 0)) fail(node, `cannot make [${shape.join(", ")}]`);
  const value = tensorAttribute(node, "value") ?? floats(Float32Array.of(0), [1]);
  const data = empty(node, value, shape);
  data.fill(value.data[0] ?? 0);
  return { ...value, shape, data };
};

const range: Fold = (node, inputs) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => needed(node, inputs, i).data[0]!) as [
    number,
    number,
    number,
  ];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const like = needed(node, inputs, 0);
  return { ...like, shape: [count], data: empty(node, like, [count]).map((_, i) => start + i * delta) };
};

/** ONNX's numbers of the types that are integers. */
const INTEGER_TYPES = [2, 3, 4, 5, 6, 7, 12, 13];

const cast: Fold = (node, inputs) => {
  const x = needed(node, inputs, 0);
  const to = intAttribute(node, "to") ?? 1;
  if (to === 9)
    return { shape: x.shape, type: "bool", data: Float64Array.from(x.data, (v) => (v === 0 ? 0 : 1)) };
  if (INTEGER_TYPES.includes(to))
    return { shape: x.shape, type: "int", data: Float64Array.from(x.data, Math.trunc) };
  return floats(to === 11 ? Float64Array.from(x.data) : Float32Array.from(x.data), x.shape);
};

/** The operators that are computed where they touch constants only. */
export const foldable: { readonly [op: string]: Fold } = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Identity: unary((x) => x),
  Dropout: unary((x) => x),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Add: binary((x, y) => x + y),
  Sub: binary((x, y) => x - y),
  Mul: binary((x, y) => x * y),
  Div: binary((x, y) => x / y),
  Pow: binary((x, y) => x ** y),
  Reshape: withShape((node, x, shape) =>
    reshapeTarget(node, x.shape, shape ? wholeNumbers(node, shape) : (intsAttribute(node, "shape") ?? [])),
  ),
  Squeeze: withShape((node, x, axes) => squeezed(node, x.shape, axesOption(node, axes))),
  Unsqueeze: withShape((node, x, axes) =>
    unsqueezed(node, x.shape, axesOption(node, axes) ?? fail(node, "has no axes")),
  ),
  Flatten: withShape((node, x) => flattened(node, x.shape)),
  Shape: (node, inputs) => shapeOf(node, needed(node, inputs, 0).shape),
  Size: (node, inputs) => integers([entriesOf(needed(node, inputs, 0).shape)], []),
  Cast: cast,
  ...movingFolds,
  Range: range,
};
