/** A named constructor for every layer, odd variants included. The law suite runs over all of them. */
import { chain } from "../src/chain.js";
import { gaussian } from "../src/densities/gaussian.js";
import { flowify } from "../src/flowify.js";
import type { FlowLayer } from "../src/layer.js";
import { dequantize } from "../src/layers/dequantize.js";
import { leakyRelu } from "../src/layers/leaky-relu.js";
import { type LinearOptions, linear } from "../src/layers/linear.js";
import { weightRotations } from "../src/layers/linear-weights.js";
import { marginal } from "../src/layers/marginal.js";
import { prelu } from "../src/layers/prelu.js";
import { flatten, permute, reshape, transpose } from "../src/layers/reshape.js";
import { rqSpline } from "../src/layers/rq-spline.js";
import { whiten } from "../src/layers/whiten.js";
import { type HostMatrix, type HostReflections, randomOrthogonal } from "../src/math/linalg.js";
import { makeRng, type Rng } from "../src/math/rng.js";
import type { OrdinaryLayer } from "../src/network/network.js";
import type { NoiseOf } from "../src/noise.js";
import type { DenseWeights } from "../src/options.js";
import type { HostArray } from "../src/params/host-array.js";
import type { Shape } from "../src/shape.js";
import { host, perturbedLike } from "../src/testing/prepare.js";
import { channels } from "./catalog-channels.js";
import { conditions } from "./catalog-conditions.js";
import { images } from "./catalog-images.js";
import { networkLayers } from "./catalog-networks.js";
import { narrow, narrowMixture } from "./support/densities.js";
import { type CatalogEntry, entry, type Rest } from "./support/entry.js";

/** A layer by its description, which is compared with its plain layer as well. */
const ofKind = (name: string, inShape: Shape, layer: OrdinaryLayer, rest: Rest = {}): CatalogEntry => {
  const network = { inShape, layers: [layer] };
  return entry(name, layer.kind, flowify(network).chain.layers[0] as FlowLayer, { ...rest, network });
};

const lin = (
  n: number,
  m: number,
  what: string,
  options: LinearOptions = {},
  rest: Rest = {},
): CatalogEntry => {
  const of = ["linear", ...(n > m ? [options.density === narrowMixture ? "mixture" : "gaussian"] : [])];
  const name = `linear ${[...(options.leading ?? []), n].join("×")} → ${m}${what && `, ${what}`}`;
  return entry(name, of, linear(n, m, { density: narrow, ...options }), rest);
};

/** Random weights, the rank lowered where asked: sums of few outer products. */
function weightsOf(n: number, m: number, rank = Math.min(n, m)): DenseWeights {
  const rng = makeRng(n, m, rank);
  const weight = new Float64Array(n * m);
  for (let k = 0; k < rank; k++) {
    const [u, v] = [m, n].map((size) => Array.from({ length: size }, () => rng.normal())) as [
      number[],
      number[],
    ];
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) weight[i * n + j]! += (u[i] as number) * (v[j] as number);
  }
  return { weight, bias: Float64Array.from({ length: m }, () => rng.normal()) };
}

const given = (n: number, m: number, what: string, weights: DenseWeights, rest: Rest = {}): CatalogEntry =>
  lin(n, m, `given weights${what}`, { weights }, { given: true, weights, ...rest });

/** A rotation of given weights in double precision, whole or as reflections. */
const rotationOf = (r: HostMatrix | HostReflections): NoiseOf<HostArray> =>
  "factor" in r
    ? { vectors: rotationOf(r.vectors), factor: rotationOf(r.factor) }
    : host(Array.from(r.data), [r.rows, r.columns]);

/** Given weights whose larger rotation is kept as reflections. */
const compact = (n: number, m: number, what: string, weights: DenseWeights, rest: Rest): CatalogEntry => {
  const options = { weights, compactAbove: 1, density: narrow };
  const { rotateIn, rotateOut } = weightRotations(weights, n, m, n > m ? "in" : "out");
  return lin(n, m, `given weights, compact${what}`, options, {
    weights,
    params: async (rng) => ({
      ...((await perturbedLike(linear(n, m, options), rng, { given: true })) as {
        [name: string]: HostArray;
      }),
      rotateIn: rotationOf(rotateIn),
      rotateOut: rotationOf(rotateOut),
    }),
    ...rest,
  });
};

const free = (d: number, context: number) => gaussian(d, context, { limit: Number.POSITIVE_INFINITY });
const five = (d: number, context: number) => narrowMixture(d, context, { components: 5, limit: 2 });

const linears: readonly CatalogEntry[] = [
  lin(4, 4, ""),
  lin(4, 4, "expm", { orthogonal: "expm" }),
  lin(1, 1, ""),
  lin(4, 4, "extreme scales", {}, { spread: 2.5, scale: 100, condition: 100 }),
  lin(3, 3, "on two axes", { leading: [2, 2] }),
  lin(5, 3, "gaussian", { density: gaussian }),
  lin(5, 3, "gaussian, expm", { orthogonal: "expm" }),
  lin(5, 4, "gaussian without bound", { density: free }, { batch: 1 }),
  lin(4, 1, "gaussian"),
  lin(4, 2, "on an axis", { leading: [3] }),
  lin(5, 3, "mixture", { density: narrowMixture }),
  lin(2, 1, "mixture", { density: narrowMixture }),
  entry(
    "linear 2×3 → 2, mixture of five",
    ["linear", "mixture"],
    linear(3, 2, { leading: [2], density: five }),
  ),
  lin(
    2,
    1,
    "expm",
    { orthogonal: "expm" },
    { zeroGradient: { rotateOut: "a 1 × 1 matrix A cancels in A − Aᵀ" } },
  ),
  lin(3, 5, "gaussian noise"),
  lin(3, 5, "uniform noise", { augmentation: "uniform" }),
  lin(2, 4, "expm", { orthogonal: "expm", augmentation: "uniform" }, { batch: 1 }),
  lin(1, 3, ""),
  lin(2, 3, "on an axis", { leading: [2] }),
  given(4, 4, "", weightsOf(4, 4), { condition: 10 }),
  given(5, 3, "", weightsOf(5, 3), { condition: 10 }),
  given(3, 5, "", weightsOf(3, 5), { condition: 10 }),
  compact(6, 2, "", weightsOf(6, 2), { condition: 10 }),
  compact(2, 5, "", weightsOf(2, 5), { condition: 10 }),
  compact(5, 3, " of rank 1", weightsOf(5, 3, 1), { condition: 1e6 }),
  given(4, 4, " of rank 2", weightsOf(4, 4, 2), { condition: 1e6 }),
  given(5, 3, " of rank 1", weightsOf(5, 3, 1), { condition: 1e6 }),
];

const whitening = (rng: Rng): NoiseOf<HostArray> => ({
  mean: host([1, -2, 3, 0.5], [4]),
  rotation: host(Array.from(randomOrthogonal(rng, 4).data), [4, 4]),
  logStd: host([-2, -1, 0, 1], [4]),
});

const scaledWhitening = (rng: Rng): NoiseOf<HostArray> => ({
  ...(whitening(rng) as { [name: string]: HostArray }),
  logScale: host([0.5, -0.5, 1, 0], [4]),
});

const elementwise: readonly CatalogEntry[] = [
  ofKind("leakyRelu ½", [5], { kind: "leakyRelu" }),
  ofKind("leakyRelu 0.01 on an image", [2, 3, 2], { kind: "leakyRelu", slope: 0.01 }),
  ofKind("leakyRelu 3", [5], { kind: "leakyRelu", slope: 3 }, { batch: 1, scale: 100 }),
  ofKind("prelu", [4], { kind: "prelu" }),
  ofKind("prelu per channel on an image", [3, 2, 2], { kind: "prelu", slope: [0.1, 0.5, 2] }),
  entry("rqSpline", "rqSpline", rqSpline([6]), { scale: 1.5 }),
  entry("rqSpline from a random start", "rqSpline", rqSpline([6], { init: "uniform" }), {
    scale: 1.5,
    given: true,
  }),
  entry("rqSpline of 2 bins on an image", "rqSpline", rqSpline([2, 2, 2], { bins: 2, bound: 1 })),
  entry("rqSpline of 30 bins, steep", "rqSpline", rqSpline([8], { bins: 30, bound: 5 }), {
    scale: 3,
    spread: 2,
    condition: 100,
  }),
  entry("marginal", "marginal", marginal([6], { bins: 8 }), { scale: 2 }),
  entry("marginal of an image, steep", "marginal", marginal([2, 2, 2], { bins: 12, bound: 2 }), {
    scale: 1.5,
    spread: 1.5,
    condition: 100,
  }),
  entry(
    "marginal per channel of an image",
    "marginal",
    marginal([2, 3, 2], { bins: 2, bound: 1, per: "channel" }),
    { batch: 1 },
  ),
  entry("whiten", "whiten", whiten([4]), { params: whitening, condition: 10 }),
  entry("whiten, scaled and shrunk", "whiten", whiten([4], { scaled: true, shrinkage: 0.1 }), {
    params: scaledWhitening,
    condition: 10,
  }),
  entry("whiten, scaled, by factors", "whiten", whiten([4], { scaled: true, factors: true }), {
    params: scaledWhitening,
    condition: 10,
  }),
  entry("whiten, scaled, by held-out variances", "whiten", whiten([4], { scaled: true, heldOut: true }), {
    params: scaledWhitening,
    condition: 10,
  }),
  entry("whiten the last axis", "whiten", whiten([3, 4]), { params: whitening, condition: 10 }),
  entry("dequantize", "dequantize", dequantize([6]), { levels: 256 }),
  entry("dequantize 2 levels of an image", "dequantize", dequantize([1, 2, 2], { levels: 2 }), {
    levels: 2,
  }),
];

const movements: readonly CatalogEntry[] = [
  entry("flatten", "flatten", flatten([2, 3])),
  entry("reshape", "reshape", reshape([4], [2, 2]), { batch: 1 }),
  entry("permute", "permute", permute([4], [2, 0, 3, 1])),
  entry("transpose", "transpose", transpose([2, 3, 4], [2, 0, 1])),
  entry("permute the last axis", "permute", permute([2, 3], [1, 2, 0])),
];

const chains: readonly CatalogEntry[] = [
  entry(
    "chain of bijections",
    ["chain", "linear", "rqSpline", "prelu"],
    chain([linear(3, 3), rqSpline([3]), prelu([3])]),
  ),
  entry(
    "chain that reduces twice, nested",
    ["chain", "linear", "leakyRelu", "gaussian"],
    chain([linear(5, 3, { density: narrow }), chain([leakyRelu([3]), linear(3, 2, { density: narrow })])]),
  ),
  entry(
    "chain that increases twice",
    ["chain", "linear", "rqSpline"],
    chain([linear(2, 3), rqSpline([3]), linear(3, 4, { augmentation: "uniform" })]),
  ),
  entry(
    "chain up and down",
    ["chain", "linear", "leakyRelu", "gaussian"],
    chain([linear(2, 4), leakyRelu([4]), linear(4, 2, { density: narrow })]),
  ),
  entry(
    "chain from pixels",
    ["chain", "dequantize", "flatten", "linear", "mixture"],
    chain([dequantize([1, 2, 2]), flatten([1, 2, 2]), linear(4, 2, { density: narrowMixture })]),
    { levels: 256 },
  ),
];

/** The entries, by what they take in: each part is a file of tests. */
export const catalogParts = {
  vectors: [...linears, ...elementwise, ...movements, ...chains],
  images,
  conditions,
  channels,
  networks: networkLayers,
} as const satisfies { [part: string]: readonly CatalogEntry[] };

export const catalog: readonly CatalogEntry[] = Object.values(catalogParts).flat();

const made = ({ of }: CatalogEntry): string => of.join(" ");
const first = new Map(catalog.toReversed().map((entry) => [made(entry), entry]));

/** The tag of what is tested with every entry in the long tests, and by `npm test` with the first that is made of the same. */
export const tagsOf = (entry: CatalogEntry): string[] => (first.get(made(entry)) === entry ? [] : ["long"]);
