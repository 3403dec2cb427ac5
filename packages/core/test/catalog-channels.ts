/** The catalog's layers that scale, move and part with channels, and dequantization by a flow. */
import { numpy as np } from "@jax-js/jax";
import { chain } from "../src/chain.js";
import { actnorm } from "../src/layers/actnorm.js";
import { append } from "../src/layers/append.js";
import { conditionalAffine } from "../src/layers/conditional-affine.js";
import { coupling } from "../src/layers/coupling.js";
import { dequantizeColumns } from "../src/layers/dequantize-columns.js";
import { flowMixture } from "../src/layers/flow-mixture.js";
import { gaussianMixture } from "../src/layers/gaussian-mixture.js";
import { leakyRelu } from "../src/layers/leaky-relu.js";
import { linear } from "../src/layers/linear.js";
import { mixedRow } from "../src/layers/mixed-row.js";
import { pad } from "../src/layers/pad.js";
import { parallel } from "../src/layers/parallel.js";
import { permuteChannels } from "../src/layers/permute-channels.js";
import { piecewiseLinear } from "../src/layers/piecewise-linear.js";
import { split } from "../src/layers/split.js";
import { squeeze, unsqueeze } from "../src/layers/squeeze.js";
import { take } from "../src/layers/take.js";
import { tile } from "../src/layers/tile.js";
import { valueClasses } from "../src/layers/value-classes.js";
import { valueTree } from "../src/layers/value-tree.js";
import { variationalDequantize } from "../src/layers/variational-dequantize.js";
import type { Shape } from "../src/shape.js";
import { narrow, narrowMixture } from "./support/densities.js";
import { type CatalogEntry, entry, type Rest } from "./support/entry.js";

const movements: readonly CatalogEntry[] = [
  entry("squeeze", "squeeze", squeeze([2, 2, 4])),
  entry("squeeze to one pixel", "squeeze", squeeze([1, 2, 2]), { batch: 1 }),
  entry("unsqueeze", "unsqueeze", unsqueeze([8, 1, 2])),
  entry("permuteChannels, given", "permuteChannels", permuteChannels([3, 2, 2], { order: [2, 0, 1] })),
  entry("permuteChannels, random, of a vector", "permuteChannels", permuteChannels([5], { seed: 3 })),
  entry("permuteChannels, one", "permuteChannels", permuteChannels([1, 2, 2]), { batch: 1 }),
];

const norms: readonly CatalogEntry[] = [
  entry("actnorm", "actnorm", actnorm([4])),
  entry("actnorm of channels", "actnorm", actnorm([3, 2, 2]), { scale: 100 }),
  entry("actnorm in front of asinh", "actnorm", actnorm([4], { bent: true })),
  entry("actnorm of one channel", "actnorm", actnorm([1, 2, 3]), { batch: 1 }),
];

const splits: readonly CatalogEntry[] = [
  entry("split", ["split", "gaussian"], split([4])),
  entry("split of 5, four leaving", ["split", "gaussian"], split([5], { leaving: 4, density: narrow }), {
    batch: 1,
  }),
  entry("split of channels", ["split", "gaussian"], split([3, 2, 2], { density: narrow })),
  entry("split that sees around", ["split", "gaussian"], split([3, 2, 2], { density: narrow, window: 3 })),
];

const taken = (what: string, inShape: Shape, indices: readonly number[], rest: Rest = {}): CatalogEntry =>
  entry(`take ${what}`, ["take", "chain"], take(inShape, { indices, density: narrow }), {
    network: { inShape, layers: [{ kind: "take", indices }] },
    ...rest,
  });

const double = { outShape: [1, 2], apply: (x: np.Array) => np.sum(x, 1, { keepdims: true }) };

const appended: readonly CatalogEntry[] = [
  entry("append a sum", "append", append(leakyRelu([2, 2]), [double])),
  entry(
    "append two sums around the layer",
    "append",
    append(
      linear(2, 3, { leading: [2] }),
      [
        { outShape: [2, 1], apply: (x) => np.sum(np.square(x), 2, { keepdims: true }) },
        { outShape: [2, 2], apply: np.tanh },
      ],
      { axis: 1, place: 1 },
    ),
    { batch: 1 },
  ),
];

const takes: readonly CatalogEntry[] = [
  taken("in another order", [3, 2], [2, 0, 1]),
  taken("two of four", [4], [2, 0]),
  taken("channels, one twice", [2, 2, 1], [1, 0, 1]),
  taken("rows, one twice, one not", [3, 2], [2, 2, 0]),
  taken("all as they are", [3, 2], [0, 1, 2], { batch: 1 }),
];

/** Edges a step of 1 apart. */
const steps = (from: number, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, i) => from + i);

const mixtures: readonly CatalogEntry[] = [
  entry("gaussianMixture of 4", "gaussianMixture", gaussianMixture([4], { components: 3 })),
  entry(
    "gaussianMixture of 5, two kept",
    "gaussianMixture",
    gaussianMixture([5], { components: 2, kept: 2 }),
  ),
  entry(
    "gaussianMixture of 3, none kept",
    "gaussianMixture",
    gaussianMixture([3], { components: 2, kept: 0 }),
  ),
  entry("gaussianMixture of 2", "gaussianMixture", gaussianMixture([2], { components: 2 }), { batch: 1 }),
  entry(
    "flowMixture of 3",
    "flowMixture",
    flowMixture([
      [linear(3, 3), leakyRelu([3])],
      [linear(3, 2, { density: narrow })],
      [gaussianMixture([3], { components: 2 })],
    ]),
  ),
  entry(
    "valueClasses of 3",
    "valueClasses",
    valueClasses([3], { edges: [steps(-3.5, 6), [-5, -3, -1, 1, 3, 5], steps(-4.5, 9)], classes: 2 }),
    { scale: 0.8 },
  ),
  entry(
    "valueTree of 3",
    "valueTree",
    valueTree([3], { edges: [steps(-3.5, 6), [-5, -3, -1, 1, 3, 5], steps(-4.5, 9)] }),
    { scale: 0.8 },
  ),
  entry(
    "valueTree of 3 with a network",
    "valueTree",
    valueTree([3], { edges: [steps(-3.5, 6), [-5, -3, -1, 1, 3, 5], steps(-4.5, 9)], hidden: 7 }),
    { scale: 0.8 },
  ),
  entry(
    "valueTree of 3 with contexts",
    "valueTree",
    valueTree([3], { edges: [steps(-3.5, 6), [-5, -3, -1, 1, 3, 5], steps(-4.5, 9)], contexts: 4 }),
    { scale: 0.8 },
  ),
  entry("valueTree of 1", "valueTree", valueTree([1], { edges: [steps(-4.5, 9)] }), { batch: 1 }),
  entry(
    "mixedRow of 4, values in two columns",
    "mixedRow",
    mixedRow(
      [4],
      [
        conditionalAffine([2], 14, { hidden: 0 }),
        gaussianMixture([2], { components: 2, kept: 0, condition: 14 }),
      ],
      { columns: [2, 0], edges: [steps(-4.5, 9), [-5, -3, -1, 1, 3, 5]] },
    ),
    { scale: 0.8 },
  ),
  entry(
    "mixedRow of 2, one in a cycle",
    "mixedRow",
    mixedRow([2], [conditionalAffine([2], 3, { hidden: 0 })], {
      cycles: [[1, 3, 0.5, -1]],
      columns: [2],
      edges: [steps(-0.5, 3)],
    }),
    { batch: 1 },
  ),
  entry(
    "mixedRow of 2 with a coupling",
    "mixedRow",
    mixedRow([2], [coupling([1], 1, { hidden: 5, bins: 3, condition: 9 })], {
      columns: [0],
      edges: [steps(-4.5, 9)],
    }),
    { batch: 1 },
  ),
  entry(
    "flowMixture of an image",
    "flowMixture",
    flowMixture([[actnorm([2, 1, 2])], [linear(2, 2, { leading: [2, 1] })]]),
    { batch: 1 },
  ),
];

export const mixtureSplits: readonly CatalogEntry[] = [
  entry("split of channels, mixture", ["split", "mixture"], split([3, 2, 1], { density: narrowMixture })),
];

const sides: readonly CatalogEntry[] = [
  entry(
    "parallel: reducing and bijective, another axis out",
    ["parallel", "linear", "leakyRelu"],
    parallel([linear(3, 2, { leading: [2], density: narrow }), leakyRelu([2, 2])], { inAxis: 1, outAxis: 1 }),
  ),
  entry("parallel: increasing", ["parallel", "linear"], parallel([linear(2, 3), linear(1, 2)])),
  entry(
    "parallel: tiles of channels, patches joined",
    ["parallel", "tile", "pad", "chain"],
    parallel(
      [1, 2].map((channels) => {
        const rows = { count: 1, size: 2, stride: 2, dilation: 1 };
        return chain([pad([channels, 1, 2], {}), tile([channels, 1, 2], [{ ...rows, size: 1 }, rows])]);
      }),
      { inAxis: 0, outAxis: 2 },
    ),
    { zeroGradient: { "0.0.logA": "nothing is added", "1.0.logA": "nothing is added" } },
  ),
];

const dequantizations: readonly CatalogEntry[] = [
  entry(
    "dequantizeColumns of a continuous column too",
    "dequantizeColumns",
    dequantizeColumns([3], { gaps: [1, 0, 0.5], hidden: 8, bins: 3 }),
    { levels: 4 },
  ),
  entry(
    "dequantizeColumns",
    "dequantizeColumns",
    dequantizeColumns([2], { gaps: [1, 0.5], hidden: 8, bins: 3 }),
    { levels: 4 },
  ),
  entry(
    "dequantizeColumns, one with an origin",
    "dequantizeColumns",
    dequantizeColumns([1], { gaps: [2], origins: [-2], hidden: 4, bins: 2 }),
    { levels: 1 },
  ),
  entry(
    "piecewiseLinear, two of three",
    "piecewiseLinear",
    piecewiseLinear([3], { gaps: [1, 0, 0.5], origins: [-3, 0, -1], knots: 16 }),
    { spread: 0, scale: 2 },
  ),
  entry(
    "variationalDequantize",
    "variationalDequantize",
    variationalDequantize([3], { levels: 4, hidden: 8 }),
    { levels: 4 },
  ),
  entry(
    "variationalDequantize of an image, 256 levels",
    "variationalDequantize",
    variationalDequantize([2, 2, 2], { hidden: 4, bins: 3 }),
    { levels: 256, batch: 2 },
  ),
  entry(
    "variationalDequantize of 2 levels, one entry",
    "variationalDequantize",
    variationalDequantize([1], { levels: 2, hidden: 4, bins: 2 }),
    { levels: 2 },
  ),
];

export const channels: readonly CatalogEntry[] = [
  ...movements,
  ...norms,
  ...splits,
  ...takes,
  ...appended,
  ...mixtures,
  ...mixtureSplits,
  ...sides,
  ...dequantizations,
];
