import type { OrdinaryLayer } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import type { DataShape, Imported, ImportRule, OpCall } from "../call.js";
import { atOldAxis, broadcast, broadcastStrides, walk } from "../shapes.js";
import type { Tensor } from "../tensor.js";
import { axisByAxis, takeAlong } from "./along.js";

/**
 * A constant as numbers of an example: one, one per channel (first axis), or one per entry, the shortest possible form.
 */
export const perExample = (call: OpCall, tensor: Tensor): Float64Array =>
  fewest(perEntry(call, tensor), call.first.example[0] ?? 1);

/** The same for every entry. */
function perEntry(call: OpCall, tensor: Tensor): Float64Array {
  const { full, batched } = call.first;
  const shape = atOldAxis(call.node, call.opset, full, tensor.shape);
  if (broadcast(call.node, full, shape).join() !== full.join())
    throw call.unsupported(
      `a constant [${shape.join(", ")}] broadcasts [${full.join(", ")}] to a larger shape; no layer does`,
    );
  const strides = broadcastStrides(shape, full);
  if (batched && full[0] !== 1 && strides[0] !== 0)
    throw call.unsupported("its constant differs between the examples of a batch, which are independent");
  const own = batched ? full.slice(1) : full;
  const values = new Float64Array(sizeOf(own));
  walk(own, [batched ? strides.slice(1) : strides], (i, [at]) => {
    values[i] = tensor.data[at!]!;
  });
  return values;
}

/** The shortest equivalent form: one number, one per channel, or all. */
function fewest(values: Float64Array, channels: number): Float64Array {
  const [first = 0] = values;
  if (values.every((value) => value === first)) return Float64Array.of(first);
  const block = values.length / channels;
  const same = values.every((value, i) => value === values[i - (i % block)]);
  return same ? values.filter((_, i) => i % block === 0) : values;
}

const single = (values: Float64Array): Float32Array => Float32Array.from(values);

export const affine = (scale?: Float64Array, shift?: Float64Array): OrdinaryLayer => ({
  kind: "affine",
  ...(scale && { scale: single(scale) }),
  ...(shift && { shift: single(shift) }),
});

const NEGATE = Float64Array.of(-1);

/** Two tensors computed from the input as branches of one shape, the second through more layers: numbers of the smaller one are repeated. */
function joined(call: OpCall, how: "add" | "multiply", second: readonly OrdinaryLayer[] = []): Imported {
  const shape = broadcast(call.node, call.data[0]!.full, call.data[1]!.full);
  const front = call.data.map((each, i) => {
    const wide = widened(call, each, shape);
    return i === 1 ? [...wide, ...second] : wide;
  });
  return { layers: [], join: { how, front }, shape };
}

/** The layers that repeat the numbers of a value along the axes where it has one. */
function widened(
  call: OpCall,
  { full, batched, example }: DataShape,
  target: readonly number[],
): OrdinaryLayer[] {
  if (full.join() === target.join()) return [];
  const own = batched ? target.slice(1) : target;
  const missing = target.length - full.length;
  if (batched && (missing > 0 || target[0] !== full[0]))
    throw call.unsupported(
      `[${full.join(", ")}] broadcasts to [${target.join(", ")}] across the examples of a batch`,
    );
  const start = [...new Array<number>(missing).fill(1), ...example];
  const wider = own.flatMap((size, axis) => (size === start[axis] ? [] : [{ axis, size }]));
  const { layers } = axisByAxis(start, wider, (shape, { axis, size }) => [
    size,
    takeAlong(shape, axis, new Array<number>(size).fill(0)),
  ]);
  return [{ kind: "reshape", shape: start }, ...layers];
}

/** Add, Sub: with a constant, or of two tensors computed from the input. */
const sum =
  (sign: 1 | -1): ImportRule =>
  (call) => {
    const [left, right] = [call.isData(0), call.isData(1)];
    if (left && right) return joined(call, "add", sign === -1 ? [affine(NEGATE)] : []);
    const values = perExample(call, call.numbers(left ? 1 : 0, "operand"));
    if (left)
      return [
        affine(
          undefined,
          values.map((v) => sign * v),
        ),
      ];
    return [affine(sign === 1 ? undefined : NEGATE, values)];
  };

const product: ImportRule = (call) => {
  if (call.isData(0) && call.isData(1)) return joined(call, "multiply");
  return [affine(perExample(call, call.numbers(call.isData(0) ? 1 : 0, "factor")))];
};

type Elementwise = Extract<OrdinaryLayer, { kind: "elementwise" }>["function"];

const elementwise = (name: Elementwise): OrdinaryLayer => ({ kind: "elementwise", function: name });

const quotient: ImportRule = (call) => {
  const reciprocal = elementwise("reciprocal");
  if (call.isData(0) && call.isData(1)) return joined(call, "multiply", [reciprocal]);
  if (call.isData(1)) return [reciprocal, affine(perExample(call, call.numbers(0, "dividend")))];
  return [affine(perExample(call, call.numbers(1, "divisor")).map((v) => 1 / v))];
};

/** Powers of the data that have layers. */
const powers: { readonly [exponent: number]: readonly OrdinaryLayer[] } = {
  [-1]: [elementwise("reciprocal")],
  [-0.5]: [{ kind: "opaque", layers: [elementwise("sqrt"), elementwise("reciprocal")] }],
  0.5: [elementwise("sqrt")],
  1: [],
  2: [elementwise("square")],
  3: [
    {
      kind: "opaque",
      layers: [{ kind: "branches", join: "multiply", branches: [[elementwise("square")], []] }],
    },
  ],
  4: [{ kind: "opaque", layers: [elementwise("square"), elementwise("square")] }],
};

const power: ImportRule = (call) => {
  const [exponent = Number.NaN, ...others] = perExample(call, call.numbers(1, "exponent"));
  const layers = others.length === 0 && Object.hasOwn(powers, exponent) ? powers[exponent] : undefined;
  if (layers) return layers;
  throw call.unsupported(`its exponent is not one of ${Object.keys(powers).join(", ")}`);
};

/** Sum of any number of branches. */
const sumOfAll: ImportRule = (call) => {
  if (call.data.length < call.inputs.length)
    throw call.unsupported("it adds constants and data; write the constants as Add");
  return call.inputs.length === 1 ? [] : { layers: [], join: { how: "add" } };
};

/** One bound for all entries. */
function bound(call: OpCall, i: number, name: string): number | undefined {
  const tensor = call.numbersOption(i, name);
  if (tensor && tensor.data.length !== 1)
    throw call.misfit(`its ${name} is [${tensor.shape.join(", ")}], expected one number`);
  const value = tensor ? tensor.data[0] : call.float(name);
  return value === undefined || Math.abs(value) > 3.4e38 ? undefined : value;
}

function clip(min?: number, max?: number): OrdinaryLayer[] {
  if (min === undefined && max === undefined) return [];
  return [{ kind: "clip", ...(min !== undefined && { min }), ...(max !== undefined && { max }) }];
}

const limit =
  (side: "min" | "max"): ImportRule =>
  (call) => {
    const values = perExample(call, call.numbers(call.isData(0) ? 1 : 0, "bound"));
    if (call.inputs.length !== 2 || values.length !== 1)
      throw call.unsupported(`expected the ${side}imum of the data and one number`);
    return side === "max" ? clip(values[0]) : clip(undefined, values[0]);
  };

const prelu: ImportRule = (call) => {
  const slope = perExample(call, call.numbers(1, "slope"));
  const channels = call.inShape[0] ?? 1;
  if (slope.length === 1)
    return slope[0] === 0 ? [{ kind: "relu" }] : [{ kind: "leakyRelu", slope: slope[0]! }];
  if (slope.length !== channels)
    throw call.unsupported("its slopes differ within a channel; expected one slope per channel");
  return [{ kind: "prelu", slope: Array.from(slope) }];
};

const leakyRelu: ImportRule = (call) => {
  const slope = call.float("alpha") ?? 0.01;
  return slope === 0 ? [{ kind: "relu" }] : slope === 1 ? [] : [{ kind: "leakyRelu", slope }];
};

const hardSigmoid: ImportRule = (call) => [
  affine(Float64Array.of(call.float("alpha") ?? 0.2), Float64Array.of(call.float("beta") ?? 0.5)),
  ...clip(0, 1),
];

const selu: ImportRule = (call) => {
  const [alpha, gamma] = [call.float("alpha"), call.float("gamma")];
  if (alpha === undefined && gamma === undefined) return [{ kind: "selu" }];
  return [{ kind: "elu", alpha: alpha ?? 1.67326 }, affine(Float64Array.of(gamma ?? 1.0507))];
};

/** Inference: (x − mean) / √(var + ε) · scale + bias, per channel. */
const batchNormalization: ImportRule = (call) => {
  if (call.flag("training_mode") || call.flag("is_test") === false)
    throw call.unsupported("it normalizes by the current batch; export the network for inference");
  if (call.flag("spatial") === false)
    throw call.unsupported("it normalizes each entry separately; export the file with a newer opset");
  const [channels = 0] = call.channelsFirst;
  const [scale, bias, mean, variance] = (["scale", "bias", "mean", "variance"] as const).map((what, i) => {
    const { shape, data } = call.numbers(i + 1, what);
    if (shape.length === 1 && shape[0] === channels) return data;
    throw call.misfit(
      `its ${what} is [${shape.join(", ")}], expected [${channels}] for ${channels} channels`,
    );
  });
  const epsilon = call.float("epsilon") ?? 1e-5;
  const factor = Float64Array.from(scale!, (s, c) => s / Math.sqrt(variance![c]! + epsilon));
  return [
    affine(
      factor,
      factor.map((f, c) => bias![c]! - mean![c]! * f),
    ),
  ];
};

const imageScaler: ImportRule = (call) => [
  affine(Float64Array.of(call.float("scale") ?? 1), Float64Array.from(call.floats("bias") ?? [0])),
];

/** LogSoftmax at the end is left out: its input, the logits, is the output of the network. */
const logSoftmax: ImportRule = (call): Imported => {
  call.axis(call.int("axis") ?? (call.opset < 13 ? 1 : -1)); // not that of the batch
  return { layers: [], leftOut: true };
};

/** Of numbers that a mask sets, those beyond it: exp of them is 0. */
const LARGEST = 1e9;

/** A constant in place of some entries, by a constant mask. */
const where: ImportRule = (call) => {
  const isFirst = call.isData(1);
  const other = isFirst ? 2 : 1;
  if (call.isData(0) || call.isData(other))
    throw call.unsupported(
      "it chooses between two values computed from the data, or by one; expected a constant mask",
    );
  const mask = perEntry(call, call.constant(0, "mask")).map((v) => ((v !== 0) === isFirst ? 1 : 0));
  const value = perEntry(call, call.numbers(other, "value"));
  const shift = value.map((v, i) => (mask[i] === 1 ? 0 : Math.min(Math.max(v, -LARGEST), LARGEST)));
  return mask.includes(0) ? [affine(mask, shift)] : [];
};

type SelfGated = Extract<OrdinaryLayer, { kind: "selfGated" }>["function"];

const selfGated = (name: SelfGated): OrdinaryLayer => ({ kind: "selfGated", function: name });

/** α x in the gate: SiLU of α x, divided by α. */
const swish: ImportRule = (call) => {
  const alpha = call.float("alpha") ?? 1;
  if (alpha === 1) return [selfGated("silu")];
  return [affine(Float64Array.of(alpha)), selfGated("silu"), affine(Float64Array.of(1 / alpha))];
};

const gelu: ImportRule = (call) => {
  const how = call.string("approximate") ?? "none";
  if (how !== "none" && how !== "tanh")
    throw call.misfit(`approximate is ${JSON.stringify(how)}, expected none or tanh`);
  return [selfGated(how === "tanh" ? "geluTanh" : "gelu")];
};

export const elementwiseRules: { readonly [op: string]: ImportRule } = {
  Add: sum(1),
  Sub: sum(-1),
  Sum: sumOfAll,
  Mul: product,
  Div: quotient,
  Neg: () => [affine(NEGATE)],
  Pow: power,
  Exp: () => [{ kind: "exp" }],
  Abs: () => [elementwise("abs")],
  Cos: () => [elementwise("cos")],
  Erf: () => [elementwise("erf")],
  Log: () => [elementwise("log")],
  Reciprocal: () => [elementwise("reciprocal")],
  Sin: () => [elementwise("sin")],
  Sqrt: () => [elementwise("sqrt")],
  Where: where,
  Max: limit("max"),
  Min: limit("min"),
  Clip: (call) => clip(bound(call, 1, "min"), bound(call, 2, "max")),
  Relu: () => [{ kind: "relu" }],
  LeakyRelu: leakyRelu,
  PRelu: prelu,
  Sigmoid: () => [{ kind: "sigmoid" }],
  Tanh: () => [{ kind: "tanh" }],
  Softplus: () => [{ kind: "softplus" }],
  Softsign: () => [{ kind: "softsign" }],
  HardSigmoid: hardSigmoid,
  Elu: (call) => [{ kind: "elu", alpha: call.float("alpha") ?? 1 }],
  Selu: selu,
  Celu: (call) => [{ kind: "celu", alpha: call.float("alpha") ?? 1 }],
  Swish: swish,
  Gelu: gelu,
  Mish: () => [selfGated("mish")],
  HardSwish: () => [selfGated("hardSwish")],
  BatchNormalization: batchNormalization,
  ImageScaler: imageScaler,
  LogSoftmax: logSoftmax,
};
