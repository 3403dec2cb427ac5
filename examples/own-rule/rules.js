/**
 * A rule of one's own, for an operator that flowify has none for: CumSum, the running sums of the last axis.
 * They are a linear map, whose weight has ones on and below its diagonal.
 *
 *     flowify convert net.onnx --out converted --rules examples/own-rule/rules.js
 */

/** @type {import("@flowify/onnx").ImportRule} */
const cumSum = (call) => {
  const last = call.inShape.length - 1;
  const axis = call.axis(call.constant(1, "axis").data[0] ?? 0);
  if (axis !== last || call.int("exclusive") === 1 || call.int("reverse") === 1)
    throw call.unsupported("this rule knows sums from the first entry of the last axis on");
  const n = call.inShape[last] ?? 0;
  const weight = Float32Array.from({ length: n * n }, (_, i) => (i % n <= Math.floor(i / n) ? 1 : 0));
  return [{ kind: "linear", out: n, weights: { weight } }];
};

/** @type {import("@flowify/onnx").ImportRules} */
export const rules = { CumSum: cumSum };
