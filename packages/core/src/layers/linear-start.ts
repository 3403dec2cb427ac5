import { numpy as np } from "@jax-js/jax";
import type { ConditionalDensity } from "../densities/conditional.js";
import { floats } from "../math/host.js";
import { splitKey } from "../math/keys.js";
import { identityMatrix } from "../math/linalg.js";
import { principalDirections } from "../math/principal.js";
import type { NoiseSpec } from "../noise.js";
import { rowsOf, type StartItems } from "../start-items.js";
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

/**
 * Start values from rows [n] that the layer really sees: R₁ the principal directions, ascending,
 * so that the largest variances are kept; s whitens what is kept; R₂ = I; b centres; the density
 * matches what is dropped. Inputs that an earlier layer has whitened already have no principal
 * directions: their order (least variance in the data first) is kept, R₁ = I.
 *
 * Given weights are kept, and so are free `expm` parameters; then only the density is matched.
 */
export async function linearStart(
  options: LinearStartOptions,
  key: np.Array,
  rows: StartItems,
): Promise<LinearParams> {
  const { n, m, rotateIn, rotateOut, density, given } = options;
  const [k1, k2, k3] = splitKey(key, 3) as [np.Array, np.Array, np.Array];
  const d = Math.max(n - m, 0);
  let r1: np.Array;
  let r2: np.Array;
  let logScale: np.Array;
  let bias: np.Array;
  let doubt = 0;
  if (given || rotateIn.manifold !== "orthogonal") {
    r1 = given ? rotateIn.fromMatrix(given.rotateIn) : rotateIn.init(k1);
    r2 = given ? rotateOut.fromMatrix(given.rotateOut) : rotateOut.init(k2);
    if (given) for (const unused of [k1, k2]) unused.dispose();
    logScale = given ? floats(given.logScale) : np.zeros([m]);
    bias = given ? floats(given.bias) : np.zeros([m]);
  } else {
    k1.dispose();
    k2.dispose();
    const { mean, directions, std, ...rest } = await principalDirections(rows);
    doubt = rest.doubt;
    const whiten = new Float32Array(m).fill(-Math.log(options.appendedStd));
    const centre = new Float32Array(m);
    for (let j = d; j < n; j++) {
      let projected = 0; // (mean R₁)_j
      for (let i = 0; i < n; i++) projected += (mean[i] as number) * (directions.data[i * n + j] as number);
      whiten[j - d] = -Math.log(std[j] as number);
      centre[j - d] = -projected / (std[j] as number);
    }
    r1 = rotateIn.fromMatrix(directions);
    r2 = rotateOut.fromMatrix(identityMatrix(m));
    logScale = floats(whiten);
    bias = floats(centre);
  }
  if (!density) {
    k3.dispose();
    return { rotateIn: r1, rotateOut: r2, logScale, bias, dropped: {} };
  }
  const rotated = (x: np.Array): np.Array => np.matmul(x, rotateIn.matrix(r1.ref));
  const drop = droppedRows(rows, (x) => rotated(x).slice([], [0, d]), { d, doubt });
  const kept = rowsOf(rows, (x) => rotated(x).slice([], [d, n]).mul(np.exp(logScale.ref)), m, 1);
  return { rotateIn: r1, rotateOut: r2, logScale, bias, dropped: await density.start(k3, drop, kept) };
}

/**
 * What a reducing layer drops of rows, [d]. What too few items do not vary in, others may: it is spread
 * by the standard deviation below which they say nothing.
 */
export function droppedRows(
  rows: StartItems,
  dropOf: (part: np.Array) => np.Array,
  { d, doubt }: { d: number; doubt: number },
): StartItems {
  if (doubt === 0) return rows.map([d], dropOf);
  const noise: NoiseSpec = { doubt: { shape: [d], law: "normal" } };
  return rows.map([d], (x, drawn) => dropOf(x).add((drawn as { doubt: np.Array }).doubt.mul(doubt)), {
    noise,
  });
}
