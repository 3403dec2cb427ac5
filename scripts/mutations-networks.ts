/** Mutations of the layers of pretrained networks, for `mutate.ts`. */
import type { Mutation } from "./mutations.js";

const laws = ["laws/contribution", "laws/round-trip"] as const;

const of =
  (file: string, only: string, tests: readonly string[] = laws) =>
  (from: string, to: string): Mutation => ({ file, from, to, tests, only });

const relu = of("layers/relu.ts", "", ["layers/relu"]);
const conv = of("layers/conv2d.ts", "given weights", ["laws/deterministic-conv"]);
const weights = of("layers/linear-weights.ts", "given weights", ["laws/round-trip", "laws/deterministic"]);
const basis = of("math/linalg.ts", "given weights", ["laws/round-trip", "laws/deterministic"]);
const turned = of("init/linear.ts", "", ["layers/pretrained-init"]);
const monotone = of("layers/monotone.ts", "sigmoid|tanh|soft|elu");
const maxPool = of("layers/max-pool2d.ts", "", ["layers/max-pool2d"]);
const around = of("layers/tile.ts", "", ["layers/tile"]);
const avgPool = of("layers/avg-pool2d.ts", "average", ["laws/deterministic-network"]);
const fork = of("layers/branches.ts", "residual|concatenated", [
  "network-density",
  "laws/deterministic-network",
]);
const compact = of("layers/rotation.ts", "compact", [
  "laws/round-trip",
  "laws/contribution",
  "laws/deterministic",
]);
const affine = of("layers/affine.ts", "affine");

export const networkMutations: readonly Mutation[] = [
  affine("np.sum(params.logScale.ref).mul(repeats)", "np.sum(params.logScale.ref)"),
  affine("np.sum(params.logScale.ref).mul(repeats)", "np.sum(params.logScale.ref).mul(-repeats)"),
  affine("np.exp(params.logScale.neg())", "np.exp(params.logScale)"),
  affine("z.sub(params.shift", "z.add(params.shift"),
  relu(".sub(np.square(t))", ".add(np.square(t))"),
  relu("          .mul(0.5)\n", ""),
  relu("perChannel(logA.ref.sub(logB))", "perChannel(logB.sub(logA.ref))"),
  relu("np.exp(logB.ref.neg())", "np.exp(logB.ref)"),
  relu(
    "np.where(cut, beyond(end, logB, epsilon.ref), x)",
    "np.where(cut, beyond(end, logB, epsilon.ref).mul(-1), x)",
  ),
  relu("Math.sqrt(square / Math.max(counts[c] as number, 1))", "square / Math.max(counts[c] as number, 1)"),
  relu("b + Math.log(NOISE_SCALE)", "b"),
  conv("weight.subarray(g * rows * n, (g + 1) * rows * n)", "weight.subarray(0, rows * n)"),
  conv("bias.subarray(g * rows, (g + 1) * rows)", "bias.subarray(0, rows)"),
  weights("s[0] || 1", "s[0] as number"),
  basis("data[i * n + j]! *= signs[j] as number", "data[i * n + j]! *= 1"),
  basis("data[i * n + k]! -= 2 *", "data[i * n + k]! -="),
  turned("(directions.data[k * d + j] as number)", "(directions.data[j * d + k] as number)"),
  monotone("Math.log(alpha / r)", "Math.log(alpha)"),
  monotone("log1p(negative(z).div(lambda * alpha)).mul(r)", "log1p(negative(z).div(lambda * alpha))"),
  monotone("softplus(size.ref.neg()).mul(-2)", "softplus(size.ref.neg()).mul(-1)"),
  monotone(".add(2 * Math.LN2)", ""),
  monotone("logSlope: (x) => softplus(x.neg()).neg()", "logSlope: (x) => softplus(x).neg()"),
  monotone("np.log1p(np.absolute(x)).mul(-2)", "np.log1p(np.absolute(x)).neg()"),
  monotone("np.absolute(z).neg().add(1)", "np.absolute(z).add(1)"),
  maxPool("Math.log(2 / Math.PI)", "Math.log(Math.PI / 2)"),
  maxPool(".sub(choices)", ".add(choices)"),
  maxPool("sum + count - 1", "sum + count"),
  maxPool(".mul(-0.5).add(scales)", ".neg().add(scales)"),
  maxPool("np.exp(logB.neg())", "np.exp(logB)"),
  maxPool("np.floor(choice.mul(constant(counts, 1, top)))", "np.floor(choice)"),
  maxPool("const all = examples.count * Math.max(below, 1)", "const all = examples.count"),
  around("epsilon.mul(present).sub", "epsilon.sub"),
  avgPool("k / (r * c)", "1"),
  fork(".add(0.5 * LOG_2PI).mul(sizeOf(noise))", ".mul(sizeOf(noise))"),
  fork("sumExamples(np.square(epsilon.ref)).mul(0.5)", "sumExamples(np.square(epsilon.ref))"),
  fork("first.add(sum)", "first.sub(sum)"),
  compact("transposed ? np.transpose(factor) : factor", "factor"),
  compact("roll(y, n - c, n)", "roll(y, c, n)"),
];
