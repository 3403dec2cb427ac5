import type { KerasCall, KerasRule } from "./call.js";
import type { Emitted } from "./emitter.js";

/** True if the last axis is normalized, false if the first of an example is. */
function isLast(call: KerasCall): boolean {
  const given = call.config("axis") ?? -1;
  const axis = Array.isArray(given) && given.length === 1 ? (given[0] as unknown) : given;
  const { rank } = call.x;
  if (axis === -1 || axis === rank - 1) return true;
  if (axis === 1 || axis === 1 - rank) return false;
  throw call.unsupported(
    `it normalizes along axis ${JSON.stringify(given)}; expected the axis of the channels`,
  );
}

/** gamma · (x − mean) / √(variance + epsilon) + beta, one of each per channel. */
function perChannel(call: KerasCall, constants: readonly string[], epsilon: number): Emitted {
  const { emitter, layer, x } = call;
  const act = (z: Emitted): Emitted =>
    call.node("BatchNormalization", [z, ...constants], { epsilon: { float: epsilon } });
  if (x.rank === 2 || !isLast(call)) return act(x);
  return emitter.channelsLast(layer.name, act(emitter.channelsFirst(layer.name, x)));
}

export const batchNormalization: KerasRule = (call) => {
  const [channels = 0] = call.weight([undefined], "moving_mean").shape;
  const numbers = (name: string): string =>
    call.constant(name, [channels], call.weight([channels], name).data);
  const or = (name: string, used: string, value: number): string =>
    call.config(used) === false
      ? call.constant(name, [channels], new Float32Array(channels).fill(value))
      : numbers(name);
  const constants = [
    or("gamma", "scale", 1),
    or("beta", "center", 0),
    numbers("moving_mean"),
    numbers("moving_variance"),
  ];
  return perChannel(call, constants, call.number("epsilon", 1e-3));
};

/** Keras divides by max(√variance, 1e-7): `Normalization.call` of keras/src/layers/preprocessing/normalization.py. */
const LEAST_VARIANCE = 1e-14;

/** (x − mean) / √variance, or with `invert` √variance · x + mean: of each channel, or of all numbers. */
export const normalization: KerasRule = (call) => {
  const [mean, given] = ["mean", "variance"].map((name) => numbersOf(call, name));
  const variance = given!.map((each) => Math.max(each, LEAST_VARIANCE));
  const invert = call.config("invert") === true;
  if (mean!.length !== variance.length)
    throw call.wrong(`it has ${mean!.length} means and ${variance.length} variances`);
  const constant = (name: string, data: Float32Array, shape = [data.length]): string =>
    call.constant(name, shape, data);
  if (mean!.length === 1) {
    const shift = constant("mean", mean!, []);
    const scale = constant("deviation", variance.map(Math.sqrt), []);
    return invert
      ? call.node("Add", [call.node("Mul", [call.x, scale]), shift])
      : call.node("Div", [call.node("Sub", [call.x, shift]), scale]);
  }
  const [zeros, ones] = [0, 1].map((value) => new Float32Array(variance.length).fill(value));
  const parts = invert
    ? { gamma: variance.map(Math.sqrt), beta: mean!, mean: zeros!, variance: ones! }
    : { gamma: ones!, beta: zeros!, mean: mean!, variance };
  return perChannel(
    call,
    Object.entries(parts).map(([name, data]) => constant(name, data)),
    0,
  );
};

/** From the configuration, as a number or nested lists of numbers, or from the weights. */
function numbersOf(call: KerasCall, name: string): Float32Array {
  const given = call.config(name);
  if (given === undefined) {
    const { axis = -1 } = call.layer.config;
    const one = axis === null || (Array.isArray(axis) && axis.length === 0);
    return call.weight(one ? [] : [undefined], name).data;
  }
  const list = Array.isArray(given) ? given.flat(8) : [given];
  if (list.every((each): each is number => typeof each === "number")) return Float32Array.from(list);
  throw call.wrong(`its ${name} is not a number or a list of numbers`);
}
