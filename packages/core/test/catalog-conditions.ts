/** Layers with a condition, each looked at where that is fixed: the laws hold for every one. */
import { chain } from "../src/chain.js";
import { type Condition, type EmbeddingOptions, embedding } from "../src/condition.js";
import type { FlowLayer } from "../src/layer.js";
import { affine } from "../src/layers/affine.js";
import { conditionalAffine } from "../src/layers/conditional-affine.js";
import { conditionalClasses } from "../src/layers/conditional-classes.js";
import { conv2d } from "../src/layers/conv2d.js";
import { coupling } from "../src/layers/coupling.js";
import { flowMixture } from "../src/layers/flow-mixture.js";
import { gaussianMixture } from "../src/layers/gaussian-mixture.js";
import { impute } from "../src/layers/impute.js";
import { linear } from "../src/layers/linear.js";
import { marginal } from "../src/layers/marginal.js";
import { mixedRow } from "../src/layers/mixed-row.js";
import { parallel } from "../src/layers/parallel.js";
import { piecewiseLinear } from "../src/layers/piecewise-linear.js";
import { rqSpline } from "../src/layers/rq-spline.js";
import { split } from "../src/layers/split.js";
import { transformer } from "../src/layers/transformer.js";
import { valueTree } from "../src/layers/value-tree.js";
import { variationalDequantize } from "../src/layers/variational-dequantize.js";
import { makeRng } from "../src/math/rng.js";
import { NO_ROW } from "../src/nested-numbers.js";
import { sizeOf } from "../src/shape.js";
import { layerAt } from "../src/testing/layer-at.js";
import { narrow, narrowMixture } from "./support/densities.js";
import { type CatalogEntry, entry, type Rest } from "./support/entry.js";

/** At one condition, normal numbers or a class; `without` numbers at its end are of rows that it does not have. */
function given(
  name: string,
  of: string | readonly string[],
  layer: FlowLayer,
  rest: Rest = {},
  { levels, without = 0 }: { levels?: number | undefined; without?: number } = {},
) {
  const rng = makeRng(5, name.length);
  const length = sizeOf(layer.condition ?? []);
  const numbers = Float32Array.from({ length }, () => (levels ? rng.integer(levels) : rng.normal()));
  return entry(name, of, layerAt(layer, numbers.fill(NO_ROW, length - without)), rest);
}

/** A small network of a condition of two numbers. */
const ofTwo = { condition: 2, hidden: 4 } as const;

/** A coupling and a regression behind an embedding. */
const embedded = (
  what: string,
  condition: Condition,
  options: EmbeddingOptions,
  seen: number,
): CatalogEntry => {
  const own = embedding(condition, options);
  const layers = [
    conditionalAffine([2], own.size, { hidden: 4 }),
    coupling([2], 1, { hidden: 6, bins: 3, condition: own.size }),
  ];
  if (own.size !== seen) throw new Error(`${what}: the embedding has ${own.size} numbers`);
  const layer = chain(layers, "chain", { embedding: own });
  return given(
    `${what}, embedded`,
    "coupling",
    layer,
    { scale: 1.5 },
    {
      levels: "classes" in condition ? condition.classes : undefined,
      without: "fewerRows" in condition ? 4 : 0,
    },
  );
};

export const conditions: readonly CatalogEntry[] = [
  given("conditionalAffine, a condition of 3", "conditionalAffine", conditionalAffine([4], 3, { hidden: 6 })),
  given("conditionalAffine, lines", "conditionalAffine", conditionalAffine([2], 3, { hidden: 0 })),
  given(
    "conditionalClasses, four",
    "conditionalClasses",
    conditionalClasses([1], 2, { classes: 4, hidden: 9 }),
    { levels: 4 },
  ),
  given(
    "conditionalClasses, lines",
    "conditionalClasses",
    conditionalClasses([1], 3, { classes: 9, hidden: 0, least: 0.01 }),
    { levels: 9 },
  ),
  given(
    "impute, noise in two of three",
    "impute",
    impute([3], 4, { numbers: [2, 0], known: [1, 3], bins: 4 }),
    {},
    { levels: 2 },
  ),
  given(
    "piecewiseLinear, where a condition says so",
    "piecewiseLinear",
    piecewiseLinear([3], { gaps: [0.5, 0, 1], origins: [-2, 0, -3], known: [1, -1, -1], knots: 8 }, 2),
    { spread: 0 },
    { levels: 2 },
  ),
  given(
    "piecewiseLinear, in a cycle of three places",
    "piecewiseLinear",
    piecewiseLinear([2], { gaps: [1, 0.5], cycles: [[0, 3], []], origins: [-3, -2], knots: 8 }, 3),
    { spread: 0 },
    { levels: 2 },
  ),
  given("impute, noise in none of them", "impute", impute([2], 1, { numbers: [], known: [] })),
  ...[0, 4].map((contexts) =>
    given(
      `valueTree, two values of a condition, ${contexts} contexts`,
      "valueTree",
      valueTree([2], {
        edges: [
          [-5, -3, -1, 1, 3, 5],
          [-5, -2, 1, 5],
        ],
        given: [2, 3],
        contexts,
      }),
      { scale: 0.8 },
      { levels: 2 },
    ),
  ),
  given(
    "mixedRow, a value of a condition",
    "mixedRow",
    mixedRow([2], [conditionalAffine([1], 5, { hidden: 0 })], {
      columns: [1],
      edges: [[-5, -2, 1, 5]],
      given: [2],
    }),
    { scale: 0.8 },
    { levels: 2 },
  ),
  given(
    "conditionalAffine of an image, a condition of 2",
    "conditionalAffine",
    conditionalAffine([1, 2, 2], 2, { hidden: 9, limit: 1 }),
  ),
  given(
    "coupling of 4, a condition of 3",
    "coupling",
    coupling([4], 2, { hidden: 6, bins: 3, condition: 3 }),
    { scale: 1.5 },
  ),
  given(
    "coupling of 1, a condition of 3",
    "coupling",
    coupling([1], 1, { hidden: 6, bins: 3, affine: true, condition: 3 }),
    { scale: 1.5 },
  ),
  given(
    "coupling of images, a condition of 2",
    "coupling",
    coupling([2, 2, 2], 1, { hidden: 4, bins: 3, condition: 2 }),
    { scale: 1.5 },
  ),
  given(
    "coupling that adds, a condition of 2",
    "coupling",
    coupling([3], 1, { hidden: 12, additive: true, condition: 2 }),
  ),
  given(
    "transformer, a condition of 2",
    "transformer",
    transformer([4], 2, { hidden: 4, heads: 2, depth: 1, patch: 2, condition: 2 }),
  ),
  given(
    "linear 4 → 2, gaussian, a condition of 2",
    ["linear", "gaussian"],
    linear(4, 2, { density: narrow, condition: 2 }),
  ),
  given(
    "linear 2×3 → 2, mixture, a condition of 2",
    ["linear", "mixture"],
    linear(3, 2, { leading: [2], density: narrowMixture, condition: 2 }),
  ),
  given(
    "split 3×2×1, a condition of 2",
    ["split", "gaussian"],
    split([3, 2, 1], { leaving: 2, density: narrow, condition: 2 }),
  ),
  given(
    "conv2d 1×4×4 → 2, a condition of 2",
    "conv2d",
    conv2d([1, 4, 4], 2, { kernel: 2, stride: 2, whiten: false, condition: 2 }),
  ),
  given(
    "gaussianMixture 3 → 1, a condition of 2",
    "gaussianMixture",
    gaussianMixture([3], { components: 3, condition: 2 }),
  ),
  given(
    "flowMixture of 2, a condition of 2",
    "flowMixture",
    flowMixture([[conditionalAffine([2], 2, { hidden: 4 })], [linear(2, 2)]]),
  ),
  given(
    "a spline of each entry, one of all and a line, a condition of 2",
    ["marginal", "rqSpline", "affine"],
    chain([
      marginal([2], { bins: 3, ...ofTwo }),
      rqSpline([2], { bins: 3, ...ofTwo }),
      affine([2], { scale: Float32Array.of(2, -0.5), ...ofTwo }),
    ]),
  ),
  given("marginal, a condition of 2", "marginal", marginal([3], { bins: 4, ...ofTwo, hidden: 7 }), {
    scale: 2,
  }),
  given(
    "marginal per channel of an image, a condition of 2",
    "marginal",
    marginal([2, 3, 2], { bins: 2, bound: 1, per: "channel", ...ofTwo, hidden: 0 }),
  ),
  given("rqSpline of an image, a condition of 2", "rqSpline", rqSpline([2, 2, 2], { bins: 4, ...ofTwo })),
  given(
    "affine of channels, a condition of 2",
    "affine",
    affine([2, 2, 3], { scale: Float32Array.of(-3, 0.1), shift: Float32Array.of(0.5), ...ofTwo }),
  ),
  given(
    "variationalDequantize, a condition of 2",
    "variationalDequantize",
    variationalDequantize([3], { levels: 4, ...ofTwo, hidden: 8 }),
    { levels: 4 },
  ),
  given(
    "variationalDequantize of an image, a condition of 2",
    "variationalDequantize",
    variationalDequantize([2, 2, 2], { bins: 3, ...ofTwo }),
    { levels: 256, batch: 2 },
  ),
  given(
    "parallel, a condition of 2 for one part",
    "parallel",
    parallel([conditionalAffine([2], 2, { hidden: 4 }), linear(2, 1)]),
  ),
  embedded("numbers", { shape: [3] }, {}, 3),
  embedded("one of 4 classes", { classes: 4 }, {}, 4),
  embedded("numbers, dense", { shape: [3] }, { kind: "dense", hidden: 5, out: 2 }, 2),
  embedded("rows of a set", { shape: [4, 2] }, { kind: "set", hidden: 5, out: 2 }, 2),
  embedded("two of four rows", { shape: [4, 2], fewerRows: true }, { hidden: 9, out: 2 }, 2),
  embedded("an image", { shape: [1, 4, 6] }, { hidden: 6, out: 2 }, 2),
];
