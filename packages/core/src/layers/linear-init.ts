import { numpy as np } from "@jax-js/jax";
import type { ConditionalDensity } from "../densities/conditional.js";
import { type CalibrationData, rowsOf } from "../init/calibration-data.js";
import { principalDirections } from "../init/principal.js";
import { splitKey } from "../math/keys.js";
import { type HostMatrix, identityMatrix } from "../math/linalg.js";
import type { NoiseSpec } from "../noise.js";
import { floats } from "../params/host.js";
import { treeRef } from "../params/pytree.js";
import {
  type LinearMap,
  type LinearParams,
  pretrainedParams,
  type WeightRotations,
} from "./linear-weights.js";
import { type Orthogonal, toDevice } from "./orthogonal.js";
import type { Rotation } from "./rotation.js";

type MapOptions = {
  n: number;
  m: number;
  augmentationStd: number;
  rotateIn: Orthogonal;
  rotateOut: Orthogonal;
  given: WeightRotations | undefined;
};

/**
 * Initialization from rows [n] of the layer's real inputs: R₁ the principal directions, ascending, so that the largest
 * variances are kept; s whitens the kept coordinates; R₂ = I; b centres; the density is fitted to the dropped
 * coordinates. Inputs already whitened by an earlier layer have no principal directions: their order (least variance in
 * the data first) stays, R₁ = I.
 *
 * Pretrained weights stay unchanged: only their dropped coordinates are rotated to principal directions. Free `expm`
 * parameters also stay; then only the density is fitted.
 */
export async function initLinear(
  options: MapOptions & { density: ConditionalDensity | undefined; rotate: Rotation["apply"] },
  key: np.Array,
  rows: CalibrationData,
): Promise<LinearParams> {
  const { n, m, density, rotate } = options;
  const [k1, k2, densityKey] = splitKey(key, 3);
  const { map, doubt } = await initMap(options, [k1, k2], rows);
  if (!density) {
    densityKey.dispose();
    return { ...map, dropped: {} };
  }
  const d = n - m;
  const rotated = (x: np.Array): np.Array => rotate(treeRef(map.rotateIn), x);
  const drop = droppedRows(rows, (x) => rotated(x).slice([], [0, d]), { d, doubt });
  const kept = rowsOf(rows, (x) => rotated(x).slice([], [d, n]).mul(np.exp(map.logScale.ref)), m, 1);
  return { ...map, dropped: await density.start(densityKey, drop, kept) };
}

/** Most dropped coordinates to rotate: eigenvectors need time cubic in their number. */
const TURNED = 1024;

/**
 * The linear map, and the standard deviation below which these few rows carry no information about dropped coordinates.
 */
export async function initMap(
  options: MapOptions,
  keys: readonly [np.Array, np.Array],
  rows: CalibrationData,
): Promise<{ map: LinearMap; doubt: number }> {
  const { n, m, rotateIn, rotateOut, given } = options;
  const d = Math.max(n - m, 0);
  if (given) {
    for (const unused of keys) unused.dispose();
    if (d === 0 || d > TURNED || "factor" in given.rotateIn)
      return { map: pretrainedParams(given), doubt: 0 };
    const { matrix, doubt } = await turnDropped(given.rotateIn, d, rows);
    return { map: pretrainedParams({ ...given, rotateIn: matrix }), doubt };
  }
  if (rotateIn.parameterKind !== "orthogonal") {
    const [r1, r2] = [rotateIn.init(keys[0]), rotateOut.init(keys[1])];
    return { map: { rotateIn: r1, rotateOut: r2, logScale: np.zeros([m]), bias: np.zeros([m]) }, doubt: 0 };
  }
  for (const unused of keys) unused.dispose();
  const { mean, directions, std, doubt } = await principalDirections(rows);
  const logScale = new Float32Array(m).fill(-Math.log(options.augmentationStd));
  const bias = new Float32Array(m);
  for (let j = d; j < n; j++) {
    let projected = 0; // (mean R₁)_j
    for (let i = 0; i < n; i++) projected += (mean[i] as number) * (directions.data[i * n + j] as number);
    logScale[j - d] = -Math.log(std[j] as number);
    bias[j - d] = -projected / (std[j] as number);
  }
  const [r1, r2] = [rotateIn.fromMatrix(directions), rotateOut.fromMatrix(identityMatrix(m))];
  return { map: { rotateIn: r1, rotateOut: r2, logScale: floats(logScale), bias: floats(bias) }, doubt };
}

/** The first d columns of R₁, which only span the dropped coordinates, rotated to the principal directions there. */
async function turnDropped(
  { rows: n, columns, data }: HostMatrix,
  d: number,
  rows: CalibrationData,
): Promise<{ matrix: HostMatrix; doubt: number }> {
  const r1 = toDevice({ rows: n, columns, data });
  const drop = rows.map([d], (x) => np.matmul(x, r1.ref.slice([], [0, d])));
  const { directions, doubt } = await principalDirections(drop);
  r1.dispose();
  const turned = Float64Array.from(data);
  for (let i = 0; i < n; i++) {
    const row = turned.subarray(i * n, i * n + d).fill(0);
    for (let k = 0; k < d; k++) {
      const own = data[i * n + k] as number;
      for (let j = 0; j < d; j++) row[j]! += own * (directions.data[k * d + j] as number);
    }
  }
  return { matrix: { rows: n, columns, data: turned }, doubt };
}

/**
 * The dropped coordinates of rows, [d]. A coordinate that is constant in too few examples may vary in others: noise
 * with the smallest significant standard deviation is added.
 */
export function droppedRows(
  rows: CalibrationData,
  dropOf: (part: np.Array) => np.Array,
  { d, doubt }: { d: number; doubt: number },
): CalibrationData {
  if (doubt === 0) return rows.map([d], dropOf);
  const noise: NoiseSpec = { doubt: { shape: [d], distribution: "normal" } };
  return rows.map([d], (x, drawn) => dropOf(x).add((drawn as { doubt: np.Array }).doubt.mul(doubt)), {
    noise,
  });
}
