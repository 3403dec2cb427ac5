import { numpy as np } from "@jax-js/jax";
import { splitKey } from "../chain.js";
import type { ConditionalDensity } from "../densities/conditional.js";
import { floats } from "../math/host.js";
import { type HostMatrix, identityMatrix, symmetricEigen } from "../math/linalg.js";
import type { LinearParams } from "./linear.js";
import type { WeightRotations } from "./linear-weights.js";
import type { Orthogonal } from "./orthogonal.js";

type LinearStartOptions = {
  n: number;
  m: number;
  appendedStd: number;
  rotateIn: Orthogonal;
  rotateOut: Orthogonal;
  density: ConditionalDensity | undefined;
  given: WeightRotations | undefined;
};

/** Off-diagonal correlation below which inputs count as white, so that their order is kept. */
const WHITE = 1e-2;

/** Smallest variance, relative to the mean one, that whitening divides by. */
const VARIANCE_FLOOR = 1e-6;

/**
 * Start values from rows [N, n] that the layer really sees: R₁ the principal directions, ascending,
 * so that the largest variances are kept; s whitens what is kept; R₂ = I; b centres; the density
 * matches what is dropped. Inputs that an earlier layer has whitened already have no principal
 * directions: their order (least variance in the data first) is kept, R₁ = I.
 *
 * Given weights are kept, and so are free `expm` parameters; then only the density is matched.
 */
export async function linearStart(
  options: LinearStartOptions,
  key: np.Array,
  x: np.Array,
): Promise<LinearParams> {
  const { n, m, rotateIn, rotateOut, density, given } = options;
  const [k1, k2, k3] = splitKey(key, 3) as [np.Array, np.Array, np.Array];
  const d = Math.max(n - m, 0);
  let r1: np.Array;
  let r2: np.Array;
  let logScale: np.Array;
  let bias: np.Array;
  if (given || rotateIn.manifold !== "orthogonal") {
    r1 = given ? rotateIn.fromMatrix(given.rotateIn) : rotateIn.init(k1);
    r2 = given ? rotateOut.fromMatrix(given.rotateOut) : rotateOut.init(k2);
    if (given) for (const unused of [k1, k2]) unused.dispose();
    logScale = given ? floats(given.logScale) : np.zeros([m]);
    bias = given ? floats(given.bias) : np.zeros([m]);
  } else {
    k1.dispose();
    k2.dispose();
    const { mean, covariance } = await moments(x.ref);
    const { values, vectors } = principalDirections(covariance);
    const floor = Math.max(VARIANCE_FLOOR * (trace(covariance) / n), 1e-12);
    const whiten = new Float32Array(m).fill(-Math.log(options.appendedStd));
    const centre = new Float32Array(m);
    for (let j = d; j < n; j++) {
      let projected = 0; // (mean R₁)_j
      for (let i = 0; i < n; i++) projected += (mean[i] as number) * (vectors.data[i * n + j] as number);
      const logStd = 0.5 * Math.log(Math.max(values[j] as number, floor));
      whiten[j - d] = -logStd;
      centre[j - d] = -projected * Math.exp(-logStd);
    }
    r1 = rotateIn.fromMatrix(vectors);
    r2 = rotateOut.fromMatrix(identityMatrix(m));
    logScale = floats(whiten);
    bias = floats(centre);
  }
  if (!density) {
    for (const unused of [k3, x]) unused.dispose();
    return { rotateIn: r1, rotateOut: r2, logScale, bias, dropped: {} };
  }
  const y = np.matmul(x, rotateIn.matrix(r1.ref));
  const drop = y.ref.slice([], [0, d]);
  const w = y.slice([], [d, n]).mul(np.exp(logScale.ref));
  return { rotateIn: r1, rotateOut: r2, logScale, bias, dropped: await density.start(k3, drop, w) };
}

/** Mean [n] and covariance [n, n] of rows; the products in float32, the means taken out first. */
async function moments(x: np.Array): Promise<{ mean: Float64Array; covariance: HostMatrix }> {
  const [rows, n] = x.shape as [number, number];
  const mean = np.mean(x.ref, 0);
  const centred = x.sub(mean.ref);
  const product = np.matmul(np.transpose(centred.ref), centred).mul(1 / rows); // [n, n]
  const meanData = Float64Array.from((await mean.data()) as Float32Array);
  const data = Float64Array.from((await product.data()) as Float32Array);
  return { mean: meanData, covariance: { rows: n, columns: n, data } };
}

function principalDirections(covariance: HostMatrix): { values: Float64Array; vectors: HostMatrix } {
  const n = covariance.rows;
  const diagonal = Float64Array.from({ length: n }, (_, i) => covariance.data[i * n + i] as number);
  if (isWhite(covariance, diagonal)) return { values: diagonal, vectors: identityMatrix(n) };
  return symmetricEigen(covariance);
}

function isWhite({ rows: n, data }: HostMatrix, diagonal: Float64Array): boolean {
  const scale = diagonal.reduce((a, b) => a + b, 0) / n;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      if (Math.abs((data[i * n + j] as number) - (i === j ? scale : 0)) > WHITE * scale) return false;
  return true;
}

const trace = ({ rows: n, data }: HostMatrix): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += data[i * n + i] as number;
  return sum;
};
