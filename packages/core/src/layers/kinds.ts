/** The kinds of layers that a network is made of, one line a file. Everything that goes by kind is derived from this list. */

export { actnormKind } from "./actnorm.js";
export { affineKind } from "./affine.js";
export { avgPool2dKind } from "./avg-pool2d.js";
export { branchesKind } from "./branches.js";
export { conditionalAffineKind } from "./conditional-affine.js";
export { conditionalClassesKind } from "./conditional-classes.js";
export { conv1dKind } from "./conv1d.js";
export { conv2dKind } from "./conv2d.js";
export { couplingKind } from "./coupling.js";
export { dequantizeKind } from "./dequantize.js";
export { dequantizeColumnsKind } from "./dequantize-columns.js";
export { flowMixtureKind } from "./flow-mixture.js";
export { gaussianMixtureKind } from "./gaussian-mixture.js";
export { imputeKind } from "./impute.js";
export { leakyReluKind } from "./leaky-relu.js";
export { linearKind } from "./linear.js";
export { marginalKind } from "./marginal.js";
export { maxPool2dKind } from "./max-pool2d.js";
export { mixedRowKind } from "./mixed-row.js";
export {
  asinhKind,
  celuKind,
  eluKind,
  expKind,
  seluKind,
  sigmoidKind,
  softplusKind,
  softsignKind,
  tanhKind,
} from "./monotone.js";
export { normalizeKind } from "./normalize.js";
export { elementwiseKind, opaqueKind } from "./opaque.js";
export { padKind } from "./pad.js";
export { permuteChannelsKind } from "./permute-channels.js";
export { piecewiseLinearKind } from "./piecewise-linear.js";
export { preluKind } from "./prelu.js";
export { clipKind, reluKind } from "./relu.js";
export { flattenKind, permuteKind, reshapeKind, transposeKind } from "./reshape.js";
export { rqSplineKind } from "./rq-spline.js";
export { selfGatedKind } from "./self-gated.js";
export { splitKind } from "./split.js";
export { squeezeKind, unsqueezeKind } from "./squeeze.js";
export { takeKind } from "./take.js";
export { transformerKind } from "./transformer.js";
export { valueClassesKind } from "./value-classes.js";
export { valueTreeKind } from "./value-tree.js";
export { variationalDequantizeKind } from "./variational-dequantize.js";
export { whitenKind } from "./whiten.js";
