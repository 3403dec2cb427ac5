/** Mutations of the layers of images and channels, for `mutate.ts`. */
import type { Mutation } from "./mutations.js";

const laws = ["laws/contribution", "laws/round-trip", "laws/images", "laws/deterministic-conv"] as const;

const of =
  (file: string, only: string, tests: readonly string[] = laws) =>
  (from: string, to: string): Mutation => ({ file, from, to, tests, only });

const pad = of("layers/pad.ts", "pad");
const tile = of("layers/tile.ts", "tile");
const gaps = of("layers/tile-gaps.ts", "tile");
const windows = of("math/windows.ts", "tile|conv");
const kernel = of("layers/kernel.ts", "kernel|conv2d");
const kernelFormula = of("layers/kernel.ts", "", ["layers/kernel"]); // another valid density
const conv = of("layers/conv2d.ts", "conv2d");
const conv1d = of("layers/conv1d.ts", "conv1d");
const coupling = of("layers/coupling.ts", "coupling");
const actnorm = of("layers/actnorm.ts", "actnorm");
const split = of("layers/split.ts", "split");
const squeeze = of("layers/squeeze.ts", "squeeze");
const order = of("layers/permute-channels.ts", "permuteChannels");
const side = of("layers/parallel.ts", "parallel|conv2d");
const variational = of("layers/variational-dequantize.ts", "variationalDequantize");
const bending = of("layers/unit-splines.ts", "variationalDequantize");
const coupled = of("layers/coupling.ts", "", ["layers/formulas"]);
const squeezed = of("layers/squeeze.ts", "", ["layers/formulas"]);
const moved = of("layers/reshape.ts", "channelsFirst|reverse");
const start = of("layers/actnorm.ts", "", ["layers/init.test"]);
const initLinear = of("init/linear.ts", "", ["layers/init.test"]);

export const imageMutations: readonly Mutation[] = [
  pad("params.logA.ref.add(0.5 * LOG_2PI)", "params.logA.ref.neg().add(0.5 * LOG_2PI)"),
  pad("params.logA.ref.add(0.5 * LOG_2PI)", "params.logA.ref"),
  pad("sumExamples(np.square(epsilon.ref)).mul(0.5)", "sumExamples(np.square(epsilon.ref))"),
  pad("return [epsilon.mul(a.ref)];", "return [epsilon.mul(a.ref).mul(2)];"),
  pad("[top, top + height], [left, left + width]", "[0, height], [0, width]"),
  tile("Math.max(n - 1, 0)", "Math.max(n, 0)"),
  tile("(n / 2) * Math.log(n)", "n * Math.log(n)"),
  tile(".add(volume);", ";"),
  tile(".add(0.5 * LOG_2PI)", ""),
  tile("sumExamples(np.square(u.ref)).mul(0.5)", "sumExamples(np.square(u.ref))"),
  tile("np.sqrt(multiplicities(u))", "multiplicities(u)"),
  tile("return epsilon.mul(present).sub(copied(mean));", "mean.dispose();\n    return epsilon.mul(present);"),
  tile("const x = sum.div(total);", "const x = sum.div(np.sqrt(total));"),
  gaps("density.mul(gap)", "density"),
  gaps("standardNormalLogDensity(residual).sub(logStd)", "standardNormalLogDensity(residual).add(logStd)"),
  gaps("x.sub(mean).mul(np.exp(logStd.ref.neg()))", "x.sub(mean).mul(np.exp(logStd.ref))"),
  gaps("mean.add(np.exp(logStd)", "mean.sub(np.exp(logStd)"),
  gaps("boxSum(x.mul(inside)).div(total)", "boxSum(x.mul(inside))"),
  windows("phase: (i * dilation) % stride", "phase: i % stride"),
  windows(".transpose(tiles, [0, 2, 4, 1, 3, 5])", ".transpose(tiles, [0, 2, 4, 1, 5, 3])"),
  windows("phases[phase] = sum ? sum.add(placed) : placed;", "phases[phase] = placed;"),
  kernel("np.sum(params.logScale).mul(locations)", "np.sum(params.logScale)"),
  kernel(
    "distribution.logDensity(params.residual, residual).sub(logScale)",
    "distribution.logDensity(params.residual, residual).add(logScale)",
  ),
  kernel("drop.sub(location).mul(np.exp(logScale.ref.neg()))", "drop.sub(location)"),
  kernel("y.slice([], [d, n]).mul(np.exp(params.logScale.ref))", "y.slice([], [d, n])"),
  kernel("toRows(z.ref).sub(params.bias)", "toRows(z.ref).add(params.bias)"),
  kernel("location.add(np.exp(logScale)", "location.sub(np.exp(logScale)"),
  kernelFormula("rotation.slice([], [0, d])", "rotation.slice([], [n - d, n])"),
  windows("(length - (size - 1) * dilation - 1) / stride", "(length - size) / stride"),
  conv("inAxis: 2, outAxis: 0", "inAxis: 2, outAxis: 1"),
  conv1d("dilation: [1, dilation]", "dilation: [dilation, 1]"),
  coupling("contribution: sumExamples(logDerivative", "contribution: sumExamples(logDerivative.neg()"),
  coupling(
    "z: np.concatenate([same, z.reshape(shape)], 1)",
    "z: np.concatenate([z.reshape(shape), same], 1)",
  ),
  coupled("const shrink = 1 / Math.sqrt(hidden);", "const shrink = 1;"),
  coupled("i < stack - 1 ? [reverse(inShape)] : []", "reverse(inShape)"),
  squeezed(".transpose(blocks, [0, 1, 3, 5, 2, 4])", ".transpose(blocks, [0, 1, 5, 3, 2, 4])"),
  actnorm("np.sum(logScale.ref).mul(sizeOf(space))", "np.sum(logScale.ref)"),
  actnorm("np.sum(logScale.ref)", "np.sum(logScale.ref.neg())"),
  actnorm(".sub(perChannel(shift))", ".add(perChannel(shift))"),
  start("mean.map((v) => -v)", "mean"),
  start("logStd.map((v) => -v)", "logStd"),
  start("np.moveaxis(x.reshape([-1, channels, sizeOf(space)]), 1, 2)", "x"),
  initLinear("bias[j - d] = -projected / (std[j] as number);", "bias[j - d] = -projected;"),
  initLinear("logScale[j - d] = -Math.log(std[j] as number);", ""),
  split(
    "toRows(x.slice([], [kept, channels]));\n      const logs",
    "toRows(x.slice([], [0, leaving]));\n      const logs",
  ),
  split("sumExamples(logs.reshape([batch, places]))", "sumExamples(logs.reshape([batch, places])).neg()"),
  squeeze(".transpose(blocks, [0, 1, 4, 2, 5, 3])", ".transpose(blocks, [0, 1, 4, 3, 5, 2])"),
  order("take(there), take(back)", "take(there), take(there)"),
  side(".reduce((a, b) => a.add(b))", ".reduce((a, b) => a.sub(b))"),
  side("1 + inAxis,\n      );", "1 + outAxis,\n      );"),
  variational("stretched.add(logLevels)", "stretched.neg().add(logLevels)"),
  variational("stretched.add(logLevels)", "stretched"),
  bending("z.add(HALF)", "z"),
  moved("np.transpose(z, [0, 2, 3, 1])", "np.transpose(z, [0, 3, 2, 1])"),
];
