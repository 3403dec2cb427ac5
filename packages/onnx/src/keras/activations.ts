import type { KerasCall } from "./call.js";
import type { Emitted } from "./emitter.js";

type Activation = (call: KerasCall, x: Emitted) => Emitted;

const simple =
  (op: string, attributes = {}): Activation =>
  (call, x) =>
    call.node(op, [x], attributes);

/** min(max(x, low), high) */
export function clipped(call: KerasCall, x: Emitted, low: number, high: number): Emitted {
  const bounds = [low, high].map((value, i) =>
    call.constant(i === 0 ? "low" : "high", [], Float32Array.of(value)),
  );
  return call.node("Clip", [x, ...bounds]);
}

/** Keras 3 uses (x + 3) / 6 instead of x / 5 + 1/2. */
const hardSigmoid: Activation = (call, x) =>
  call.node("HardSigmoid", [x], {
    alpha: { float: call.version.startsWith("3") ? 1 / 6 : 0.2 },
    beta: { float: 0.5 },
  });

const activations: { readonly [name: string]: Activation } = {
  linear: (_, x) => x,
  relu: simple("Relu"),
  relu6: (call, x) => clipped(call, x, 0, 6),
  leaky_relu: simple("LeakyRelu", { alpha: { float: 0.2 } }),
  sigmoid: simple("Sigmoid"),
  hard_sigmoid: hardSigmoid,
  tanh: simple("Tanh"),
  softplus: simple("Softplus"),
  softsign: simple("Softsign"),
  elu: simple("Elu"),
  selu: simple("Selu"),
  softmax: simple("Softmax", { axis: -1 }),
  log_softmax: simple("LogSoftmax", { axis: -1 }),
};

/** Applies the `activation` of a layer to its result. Keras 3 stores it as a name or as a function with a name. */
export function activated(call: KerasCall, x: Emitted): Emitted {
  const given = call.config("activation") ?? "linear";
  const name = typeof given === "object" ? (given as { config?: unknown }).config : given;
  if (typeof name === "string" && Object.hasOwn(activations, name)) return activations[name]!(call, x);
  throw call.unsupported(
    `there is no rule for its activation ${JSON.stringify(given)}; there are rules for ${Object.keys(activations).join(", ")}`,
  );
}
