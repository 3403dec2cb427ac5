/** Mutations for `mutate.ts`: a text that occurs once in a source file of core, and its replacement. */

export type Mutation = Readonly<{
  file: string;
  from: string;
  to: string;
  /** Test files, by a part of their path, and tests, by a part of their name. */
  tests: readonly string[];
  only?: string;
}>;

const laws = ["laws/contribution", "laws/round-trip", "laws/deterministic", "densities/"] as const;

const of =
  (file: string, only: string, tests: readonly string[] = laws) =>
  (from: string, to: string): Mutation => ({ file, from, to, tests, only });

/** Mutations of a file of the lowering, which its own tests catch. */
export const inLowering =
  (file: string, tests: readonly string[], only?: string) =>
  (from: string, to: string): Mutation => ({
    file,
    from,
    to,
    tests: tests.map((name) => `onnx/test/${name}.test`),
    ...(only && { only }),
  });

const linear = of("layers/linear.ts", "linear");
const rotation = of("layers/rotation.ts", "linear");
const gaussian = of("densities/gaussian.ts", "gaussian");
const mixture = of("densities/mixture.ts", "mixture");
const residual = of("densities/residual.ts", "mixture");
const locationScale = of("densities/location-scale.ts", "gaussian|mixture");
const leakyRelu = of("layers/leaky-relu.ts", "leakyRelu");
const prelu = of("layers/prelu.ts", "prelu");
const spline = of("math/rq-spline.ts", "rqSpline");
const sharedSpline = of("math/shared-spline.ts", "rqSpline|spline", [...laws, "layers/formulas"]);
const preparedSplines = of("math/shared-spline.ts", "", ["layers/prepared"]);
const whiten = of("layers/whiten.ts", "whiten");
const marginal = of("layers/marginal.ts", "marginal");
const entrySplines = of("math/entry-splines.ts", "marginal");
const dequantize = of("layers/dequantize.ts", "dequantize");
const reshape = of("layers/reshape.ts", "permute|reshape|flatten");
const orthogonal = of("layers/orthogonal.ts", "expm|parity|linear", [...laws, "core/test/parity"]);
const weights = of("layers/linear-weights.ts", "given weights");
const chain = of("chain.ts", "chain");
const base = of("math/numerics.ts", "", ["core/test/density.test", "core/test/parity"]);
const flow = of("flow.ts", "", ["core/test/density.test", "core/test/parity", "laws/contribution"]);
const schedule = of("train/schedule.ts", "", ["train/schedule"]);
const adam = of("train/adam.ts", "", ["train/"]);
const turn = of("train/orthogonal-step.ts", "", ["train/orthogonal"]);
const reorthogonalize = of("train/step.ts", "", ["train/orthogonal"]);
const xoshiro = of("math/xoshiro.ts", "", ["math/rng"]);
const ziggurat = of("math/ziggurat.ts", "", ["math/rng"]);
const fill = of("math/fill.ts", "", ["math/rng"]);
const starts = ["layers/init.test", "laws/start", "moments"];
const moments = of("init/moments.ts", "", starts);
const principal = of("init/principal.ts", "", starts);
const dropped = of("init/linear.ts", "", starts);
const initExamples = of("init/calibration-data.ts", "", starts);

export const mutations: readonly Mutation[] = [
  // contribution
  linear("np.sum(logScale).mul(rows)", "np.sum(logScale).mul(-rows)"),
  linear("np.sum(logScale).mul(rows)", "np.sum(logScale)"),
  linear("np.sum(logScale).mul(rows)", "np.sum(logScale).mul(0)"),
  linear("rest ? volume.add(rest) : volume", "rest ? volume.sub(rest) : volume"),
  linear("density.logProb(params.dropped, drop, w)", "density.logProb(params.dropped, drop, w).neg()"),
  linear("0.5 * LOG_2PI + Math.log(AUGMENTATION_STD)", "0.5 * LOG_2PI - Math.log(AUGMENTATION_STD)"),
  linear("0.5 * LOG_2PI + Math.log(AUGMENTATION_STD)", "Math.log(AUGMENTATION_STD)"),
  linear("              .mul(0.5)\n", ""),
  linear("? raw.mul(0)", "? raw"),
  // the map
  linear("raw.ref.sub(0.5)", "raw.ref"),
  linear("y.slice([], [d, n]).mul(scale)", "y.slice([], [d, n])"),
  linear(".add(params.bias)", ".sub(params.bias)"),
  linear("toRows(z, m).sub(params.bias)", "toRows(z, m).add(params.bias)"),
  linear("np.exp(scalesOf(params).neg())", "np.exp(scalesOf(params))"),
  rotation("np.transpose(matrix(param as np.Array))", "matrix(param as np.Array)"),
  linear("if (n < m) y = y.slice([], [0, n]);", "if (n < m) y = y.slice([], [m - n, m]);"),
  gaussian("np.exp(logScale.ref.neg())", "np.exp(logScale.ref)"),
  gaussian(".sub(logScale)", ".add(logScale)"),
  gaussian(".sub(logScale)", ".sub(logScale.mul(0))"),
  gaussian("value.sub(location)", "value.add(location)"),
  gaussian("location.add(np.exp(logScale)", "location.sub(np.exp(logScale)"),
  mixture(".sub(logScale))", ".add(logScale))"),
  mixture("np.exp(logScale.ref.neg())", "np.exp(logScale.ref)"),
  mixture("np.exp(logScale).mul(distribution", "np.exp(logScale.neg()).mul(distribution"),
  residual(".reshape(rows).sub(logTau)", ".reshape(rows).add(logTau)"),
  residual("np.exp(logTau.ref.neg())", "np.exp(logTau.ref)"),
  residual(".sub(offsets.reshape(rows))", ".add(offsets.reshape(rows))"),
  residual("logits.ref.sub(np.expandDims(logSumExp(logits, 0), 0))", "logits"),
  residual("offset.add(width.mul", "offset.sub(width.mul"),
  residual("np.less(choice.ref, row(upper, k))", "np.less(row(upper, k), choice.ref)"),
  residual("np.tril(np.ones", "np.triu(np.ones"),
  locationScale("h1.mul(np.exp(logUnit.ref)).add(center)", "h1.mul(np.exp(logUnit.ref)).sub(center)"),
  locationScale("h1.mul(np.exp(logUnit.ref)).add(center)", "h1.mul(logUnit.ref).add(center)"),
  leakyRelu(".mul(Math.log(slope))", ".mul(-Math.log(slope))"),
  leakyRelu(".mul(Math.log(slope))", ".mul(0)"),
  leakyRelu("z.ref.mul(1 / slope)", "z.ref.mul(slope)"),
  prelu("np.exp(logSlope.neg())", "np.exp(logSlope)"),
  prelu("contribution: sumExamples(logs)", "contribution: sumExamples(logs.neg())"),
  spline("np.log(slope.mul(above)", "np.log(above"),
  spline("np.square(perBelow)", "perBelow"),
  spline("xi.mul(q).add(u.mul(p.ref))", "xi.mul(q).sub(u.mul(p.ref))"),
  spline("xi.ref.add(alpha.mul(u.ref))", "xi.ref.add(alpha.mul(xi.ref))"),
  spline("u.ref.add(beta.mul(xi.ref))", "u.ref.add(beta.mul(u.ref))"),
  spline("alpha.ref.add(beta).sub(2)", "alpha.ref.add(beta)"),
  spline("a.mul(tau).mul(4)", "a.mul(tau)"),
  spline("alpha.sub(bend)", "alpha.add(bend)"),
  sharedSpline("[x0, x0, 0, 1, 1, 1]", "[x0, x0, 0, 2, 1, 1]"),
  sharedSpline("[x0, x0, 0, 1, 1, 1]", "[x0, x0, 0, 1, 2, 1]"),
  sharedSpline("np.lessEqual(aside(from), v.ref)", "np.less(aside(from), v.ref)"),
  preparedSplines("[widths, heights]", "[widths, widths]"),
  preparedSplines("curves: curvesOf[i]", "curves: curvesOf[0]"),
  preparedSplines("to: toOf[i]", "to: toOf[0]"),
  sharedSpline('direction === "forward" ? 0 : 1', "0"),
  sharedSpline("d0.mul(perSlope.ref), d1.mul(perSlope)", "d1.mul(perSlope.ref), d0.mul(perSlope)"),
  marginal(".mul(sizeOf(space))", ""),
  marginal(".add(channels * Math.log(2 * bound))", ""),
  marginal("z.mul(2 * bound).sub(bound)", "z.mul(2 * bound)"),
  marginal("u.mul(np.exp(logRange)", "u.mul(np.exp(logRange.neg())"),
  entrySplines("np.lessEqual(aside, v.ref)", "np.less(aside, v.ref)"),
  entrySplines("bin.add(first)", "bin"),
  entrySplines('direction === "forward" ? 0 : 1', "0"),
  entrySplines("sizesOf(y.ref)", "sizesOf(x.ref)"),
  entrySplines("[at, at, 0, 1, 1, 1]", "[at, at, 0, 2, 1, 1]"),
  whiten(".mul(-rows)", ".mul(rows)"),
  whiten(".mul(-rows)", ".neg()"),
  whiten("rotation).mul(np.exp(logStd.neg()))", "rotation).mul(np.exp(logStd))"),
  whiten(".add(mean)", ""),
  dequantize("-sizeOf(inShape) * Math.log(levels)", "sizeOf(inShape) * Math.log(levels)"),
  dequantize("-sizeOf(inShape) * Math.log(levels)", "-Math.log(levels)"),
  dequantize("x.add(np.minimum", "x.sub(np.minimum"),
  dequantize("np.clip(np.floor(z.mul(levels)), 0, levels - 1)", "z.mul(levels)"),
  reshape("take(order), take(inverse)", "take(order), take(order)"),
  orthogonal("a.ref.sub(np.transpose(a))", "np.transpose(a.ref).sub(a)"),
  orthogonal("a.ref.sub(np.transpose(a))", "a.ref.add(np.transpose(a))"),
  orthogonal("const TAYLOR_TERMS = 12", "const TAYLOR_TERMS = 4"),
  weights("rotateOut: transpose(u)", "rotateOut: u"),
  weights("rollColumns(v, Math.max(w.columns - w.rows, 0))", "v"),
  weights("Math.log(Math.max(value, floor))", "-Math.log(Math.max(value, floor))"),
  chain("total ? total.add(step.contribution) : step.contribution", "step.contribution"),
  base(".add(LOG_2PI).mul(-0.5)", ".mul(-0.5)"),
  base(".add(LOG_2PI).mul(-0.5)", ".add(LOG_2PI).mul(-1)"),
  flow("density.logProb(z).add(contribution)", "density.logProb(z).sub(contribution)"),
  schedule("1 + Math.cos", "1 - Math.cos"),
  schedule("(peak * (t + 1)) / warmup", "(peak * t) / warmup"),
  adam("1 - BETA1 ** (t + 1)", "1 - BETA1 ** t"),
  adam("floor: EPSILON * second", "floor: EPSILON"),
  adam("first.mul(BETA1).add(gradient.ref)", "first.mul(BETA1).sub(gradient.ref)"),
  turn("product.ref.sub(np.transpose(product))", "product.ref.add(np.transpose(product))"),
  turn("step.direction.mul(rate.ref.neg())", "step.direction.mul(rate.ref)"),
  turn(".mul(0.5)));", "));"),
  turn("const LONGEST_STEP = 0.7", "const LONGEST_STEP = 7"),
  turn("gram.mul(0.5)", "gram"),
  reorthogonalize("reorthogonalize(reorthogonalize(r))", "reorthogonalize(r)"),
  reorthogonalize("reorthogonalize(reorthogonalize(r))", "r"),
  xoshiro("(((sum << 7) | (sum >>> 25)) + s0) >>> 0", "(((sum << 8) | (sum >>> 24)) + s0) >>> 0"),
  ziggurat("u * edges[strip]! : atEdge", "-u * edges[strip]! : atEdge"),
  ziggurat("if (!Number.isNaN(x)) return x", "return x"),
  fill("state.set(kernel.state)", "kernel.state.set(state)"),
  fill("i += ROOM", "i += ROOM + 1"),
  ziggurat("u < 0 ? x - TAIL : TAIL - x", "TAIL - x"),
  ziggurat("x = Math.log(open(state)) / TAIL", "x = Math.log(open(state))"),
  ziggurat("lower + open(state) * (upper - lower) < 1", "lower + open(state) * (upper - lower) < 0.9"),
  moments("mean: shift.map((s, i) => s + (origin[i] as number)),", "mean: shift,"),
  moments("s / rows.count - (shift[i] as number) ** 2", "s - (shift[i] as number) ** 2"),
  moments("Math.max(v, floor)", "v"),
  principal("Math.floor((examples - 1) / 2)", "examples"),
  principal("if ((skewness[j] as number) < 0)", "if (false)"),
  dropped("if (doubt === 0) return", "if (doubt >= 0) return"),
  initExamples("rngs[leaf] ??= makeRng(seed, leaf);", "rngs[leaf] = makeRng(seed, leaf);"),
];
