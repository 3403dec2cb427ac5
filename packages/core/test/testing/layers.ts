/** Three small layers, written as an author of layers would: what they break when a term is changed is known. */
import { numpy as np } from "@jax-js/jax";
import {
  columnMoments,
  defineLayer,
  type FlowLayer,
  floats,
  perExample,
  rowsOf,
  standardNormalLogDensity,
  sumExamples,
} from "../../src/entries/layer.js";

export const N = 3;
export const MORE = 2;

export type ScaleParams = { logScale: np.Array; bias: np.Array };

/** z = eˢ ⊙ x + b, L = Σ s. Starts from data as the whitening of each entry. */
export const scale: FlowLayer<ScaleParams> = defineLayer<ScaleParams>({
  name: "scale",
  inShape: [N],
  outShape: [N],
  exact: true,
  forwardNoise: {},
  inverseNoise: {},
  parameterKinds: {},
  init(key) {
    key.dispose();
    return { logScale: np.zeros([N]), bias: np.zeros([N]) };
  },
  forward({ logScale, bias }, x) {
    const batch = x.shape[0] as number;
    const contribution = perExample(logScale.ref.sum(), batch);
    return { z: x.mul(np.exp(logScale)).add(bias), contribution };
  },
  inverse({ logScale, bias }, z) {
    return z.sub(bias).mul(np.exp(logScale.neg()));
  },
  async initFromData(key, examples) {
    key.dispose();
    const { mean, logStd } = await columnMoments(rowsOf(examples, (part) => part, N));
    const bias = mean.map((v, i) => -v * Math.exp(-(logStd[i] as number)));
    return { logScale: floats(logStd.map((v) => -v)), bias: floats(bias) };
  },
});

export type NormalParams = { mean: np.Array; logStd: np.Array };
export type Extra = { extra: np.Array };

/** log N(v; μ, e²ˢ), [B]: of v that was drawn, and of what is dropped. */
export const logNormal = (v: np.Array, { mean, logStd }: NormalParams): np.Array => {
  const white = v.sub(mean).mul(np.exp(logStd.ref.neg()));
  return sumExamples(standardNormalLogDensity(white)).sub(logStd.sum());
};

const initNormal = (key: np.Array): NormalParams => {
  key.dispose();
  return { mean: np.zeros([MORE]), logStd: np.zeros([MORE]) };
};

/** z = (x, μ + eˢ ε), L = Σ s − log r(ε): a bound. */
export const widen: FlowLayer<NormalParams> = defineLayer<NormalParams>({
  name: "widen",
  inShape: [N],
  outShape: [N + MORE],
  exact: false,
  forwardNoise: { extra: { shape: [MORE], distribution: "normal" } },
  inverseNoise: {},
  parameterKinds: {},
  facts: { frozenParameterKinds: { mean: "fixed" } }, // deterministic mode appends the mean
  init: initNormal,
  forward({ mean, logStd }, x, noise) {
    const { extra } = noise as Extra;
    const volume = perExample(logStd.ref.sum(), x.shape[0] as number);
    const contribution = volume.sub(sumExamples(standardNormalLogDensity(extra.ref)));
    return { z: np.concatenate([x, extra.mul(np.exp(logStd)).add(mean)], 1), contribution };
  },
  inverse({ mean, logStd }, z) {
    mean.dispose();
    logStd.dispose();
    return z.slice([], [0, N]);
  },
});

/** z = the first of x; the others are dropped, L = log N(dropped; μ, e²ˢ). */
export const narrow: FlowLayer<NormalParams> = defineLayer<NormalParams>({
  name: "narrow",
  inShape: [N + MORE],
  outShape: [N],
  exact: true,
  forwardNoise: {},
  inverseNoise: { extra: { shape: [MORE], distribution: "normal" } },
  parameterKinds: {},
  init: initNormal,
  forward(params, x) {
    const dropped = x.ref.slice([], [N, N + MORE]);
    return { z: x.slice([], [0, N]), contribution: logNormal(dropped, params) };
  },
  inverse({ mean, logStd }, z, noise) {
    const { extra } = noise as Extra;
    return np.concatenate([z, extra.mul(np.exp(logStd)).add(mean)], 1);
  },
});
