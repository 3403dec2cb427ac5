import { numpy as np } from "@jax-js/jax";
import { standardNormalLogDensity, sumExamples } from "../math/numerics.js";
import { unfold } from "../math/windows.js";
import type { NoiseDeclaration } from "../noise.js";
import { floats } from "../params/host.js";
import type { Shape } from "../shape.js";

/** For every channel: mean = slope · neighbourhood + offset, and log-std. */
export type GapParams = { slope: np.Array; offset: np.Array; logStd: np.Array };

/**
 * The conditional Gaussian of pixels in no patch: its mean is an affine function, learnt per channel,
 * of the average of the covered pixels within a stride.
 */
export function gapModel(inShape: Shape, counts: Float32Array, strides: readonly [number, number]) {
  const [channels = 0, height = 0, width = 0] = inShape;
  const mask = (f: (n: number) => number, like: np.Array): np.Array =>
    floats(counts.map(f), [1, 1, height, width]).astype(like.dtype);
  const covered = (like: np.Array): np.Array => mask((n) => (n > 0 ? 1 : 0), like);
  const missing = (like: np.Array): np.Array => mask((n) => (n > 0 ? 0 : 1), like);
  /** Sums over the box of ± stride around each pixel. */
  const boxSum = (x: np.Array): np.Array => {
    const [batch = 0, planes = 0] = x.shape;
    const [ry, rx] = strides;
    const padded = np.pad(x, [
      [0, 0],
      [0, 0],
      [ry, ry],
      [rx, rx],
    ]);
    const window = (count: number, size: number) => ({ count, size, stride: 1, dilation: 1 });
    const boxes = unfold(padded, [window(height, 2 * ry + 1), window(width, 2 * rx + 1)]);
    const sums = boxes.reshape([batch, height, width, planes, (2 * ry + 1) * (2 * rx + 1)]);
    return np.transpose(np.sum(sums, 4), [0, 3, 1, 2]); // [B, C, H, W]
  };
  const neighbourhood = (x: np.Array): np.Array => {
    const inside = covered(x);
    const total = np.maximum(boxSum(inside.ref), 1);
    return boxSum(x.mul(inside)).div(total);
  };
  const moments = (params: GapParams, x: np.Array): { mean: np.Array; logStd: np.Array } => {
    const perChannel = (a: np.Array): np.Array => a.reshape([1, channels, 1, 1]);
    const mean = neighbourhood(x).mul(perChannel(params.slope)).add(perChannel(params.offset));
    return { mean, logStd: perChannel(params.logStd) };
  };
  const noise: NoiseDeclaration = { shape: [...inShape], distribution: "normal" };
  return {
    noise,
    init: (): GapParams => ({
      slope: np.ones([channels]),
      offset: np.zeros([channels]),
      logStd: np.zeros([channels]),
    }),
    /** log q of the missing pixels given the covered ones, [B]. Consumes both. */
    logProb(params: GapParams, x: np.Array): np.Array {
      const { mean, logStd } = moments(params, x.ref);
      const residual = x.sub(mean).mul(np.exp(logStd.ref.neg()));
      const density = standardNormalLogDensity(residual).sub(logStd);
      const gap = missing(density);
      return sumExamples(density.mul(gap));
    },
    /** Draws the missing pixels of x. Consumes all. */
    fill(params: GapParams, x: np.Array, drawn: np.Array): np.Array {
      const { mean, logStd } = moments(params, x.ref);
      const guess = mean.add(np.exp(logStd).mul(drawn));
      const [kept, gap] = [covered(x), missing(x)];
      return x.mul(kept).add(guess.mul(gap));
    },
  };
}
