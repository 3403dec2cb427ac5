/** What does not fit is refused when it is built, by name, with both sides in the message. */
import { describe, expect, it } from "vitest";
import { FlowifyError } from "../../src/errors.js";
import { flowify } from "../../src/flowify.js";
import { actnorm } from "../../src/layers/actnorm.js";
import { avgPool2d } from "../../src/layers/avg-pool2d.js";
import { conditionalAffine } from "../../src/layers/conditional-affine.js";
import { conv1d } from "../../src/layers/conv1d.js";
import { type Conv2dOptions, conv2d } from "../../src/layers/conv2d.js";
import { coupling } from "../../src/layers/coupling.js";
import { flowMixture } from "../../src/layers/flow-mixture.js";
import { gaussianMixture } from "../../src/layers/gaussian-mixture.js";
import { impute } from "../../src/layers/impute.js";
import { kernel } from "../../src/layers/kernel.js";
import { linear } from "../../src/layers/linear.js";
import { maxPool2d } from "../../src/layers/max-pool2d.js";
import { mixedRow } from "../../src/layers/mixed-row.js";
import { pad } from "../../src/layers/pad.js";
import { parallel } from "../../src/layers/parallel.js";
import { permuteChannels } from "../../src/layers/permute-channels.js";
import { split } from "../../src/layers/split.js";
import { squeeze, unsqueeze } from "../../src/layers/squeeze.js";
import { tile } from "../../src/layers/tile.js";
import { transformer } from "../../src/layers/transformer.js";
import { valueTree } from "../../src/layers/value-tree.js";
import { variationalDequantize } from "../../src/layers/variational-dequantize.js";

const conv =
  (options: Partial<Conv2dOptions>, inShape = [2, 5, 6], out = 3) =>
  () =>
    conv2d(inShape, out, { kernel: 2, padding: 0, ...options });
const window = { count: 2, size: 2, stride: 2, dilation: 1 };

const refused: readonly (readonly [what: string, build: () => unknown, message: string])[] = [
  [
    "a kernel larger than the image",
    conv({ kernel: 7 }),
    "conv2d: a kernel that reaches 7 × 7 is larger than the padded image 5 × 6",
  ],
  [
    "a kernel larger than the padded image",
    conv({ kernel: 9, padding: 1 }),
    "conv2d: a kernel that reaches 9 × 9 is larger than the padded image 7 × 8",
  ],
  [
    "a kernel too wide",
    conv({ kernel: [1, 7] }),
    "conv2d: a kernel that reaches 1 × 7 is larger than the padded image 5 × 6",
  ],
  [
    "a dilation that leaves no output",
    conv({ kernel: 3, dilation: 3 }),
    "conv2d: a kernel that reaches 7 × 7 is larger than the padded image 5 × 6",
  ],
  [
    "a kernel that padding to fit does not reach",
    conv({ kernel: 7, padding: "fit", stride: 2 }),
    "conv2d: a kernel that reaches 7 × 7 is larger than the padded image 5 × 7",
  ],
  ["input channels and groups", conv({ groups: 3 }), "conv2d: 2 input channels do not divide into 3 groups"],
  [
    "output channels and groups",
    conv({ groups: 2 }),
    "conv2d: 3 output channels do not divide into 2 groups",
  ],
  ["no groups", conv({ groups: 0 }), "conv2d: groups: expected an integer from 1 to 65536, found 0"],
  [
    "stride 0",
    conv({ stride: 0 }),
    "conv2d: stride: expected an integer from 1 to 65536, or two of them, found 0",
  ],
  [
    "half a stride",
    conv({ stride: [1, 0.5] }),
    "conv2d: stride: expected an integer from 1 to 65536, or two of them, found Array",
  ],
  [
    "dilation 0",
    conv({ dilation: 0 }),
    "conv2d: dilation: expected an integer from 1 to 65536, or two of them, found 0",
  ],
  [
    "kernel 0",
    conv({ kernel: [2, 0] }),
    "conv2d: kernel: expected an integer from 1 to 65536, or two of them, found Array",
  ],
  ["no output", conv({}, [2, 5, 6], 0), "conv2d: out: expected an integer from 1 to 65536, found 0"],
  ["a vector", conv({}, [5]), "conv2d: needs images [C, H, W], got [B, 5]"],
  [
    "negative padding",
    conv({ padding: -1 }),
    'conv2d: padding: expected "fit", or an integer from 0 to 65536 for each side, found -1',
  ],
  [
    "negative padding on a side",
    conv({ padding: { right: -2 } }),
    'conv2d: padding: expected "fit", or an integer from 0 to 65536 for each side, found Object',
  ],
  [
    "a sequence shorter than its kernel",
    () => conv1d([2, 3], 1, { kernel: 4, padding: 0 }),
    "conv2d: a kernel that reaches 1 × 4 is larger than the padded image 1 × 3",
  ],
  ["an image as a sequence", () => conv1d([1, 2, 3], 1, { kernel: 1 }), "conv1d: needs sequences [C, W]"],
  ["a padded vector", () => pad([4], { top: 1 }), "pad: needs images [C, H, W], got [B, 4]"],
  [
    "a tile beyond the image",
    () => tile([1, 4, 3], [window, window]),
    "tile: 2 windows need 4 columns, the image [B, 1, 4, 3] has 3",
  ],
  [
    "a tile of stride 0",
    () => tile([1, 4, 4], [window, { ...window, stride: 0 }]),
    "tile: stride of columns must be a positive integer, got 0",
  ],
  [
    "a widening kernel",
    () => kernel([2, 2, 4], 5, { channels: 1, windows: [window, window], size: [4, 4] }),
    "kernel: a reducing kernel needs in > out, got 4 → 5",
  ],
  [
    "patches of another size",
    () => kernel([2, 2, 8], 3, { channels: 1, windows: [window, window], size: [4, 4] }),
    "kernel: patches of 1 channels and 2 × 2 have 4 entries, got [B, 2, 2, 8]",
  ],
  [
    "another number of locations",
    () => kernel([3, 2, 4], 3, { channels: 1, windows: [window, window], size: [4, 4] }),
    "kernel: windows at 2 × 2 locations, got [B, 3, 2, 4]",
  ],
  [
    "an image too small for the windows",
    () => kernel([2, 2, 4], 3, { channels: 1, windows: [window, window], size: [4, 3] }),
    "kernel: windows reach 4 × 4, the image has 4 × 3",
  ],
  ["an odd side", () => squeeze([1, 4, 3]), "squeeze: needs even sides, got 4 × 3"],
  ["a squeezed vector", () => squeeze([4]), "squeeze: needs images [C, H, W], got [B, 4]"],
  ["channels not by four", () => unsqueeze([6, 2, 2]), "unsqueeze: needs a multiple of 4 channels, got 6"],
  ["a coupling of one", () => coupling([1], 1), "coupling: needs two features at least"],
  ["a coupling of one channel", () => coupling([1, 4, 4], 2), "coupling: needs two features at least"],
  [
    "a coupling that keeps all",
    () => coupling([4], 1, { kept: 4 }),
    "coupling: 4 of 4 features kept leaves none to transform",
  ],
  ["a coupling of a table", () => coupling([4, 4], 1), "coupling: needs vectors [n] or images [C, H, W]"],
  ["no coupling", () => coupling([4], 0), "coupling: stack: expected an integer from 1 to 1000, found 0"],
  [
    "a bound of 0",
    () => coupling([4], 1, { bound: 0 }),
    "coupling: bound: expected a number above 0, found 0",
  ],
  [
    "an even kernel",
    () => coupling([2, 4, 4], 1, { kernels: [3, 2, 3] }),
    "coupling: kernels must be odd, so that they keep the size of an image, got 2",
  ],
  [
    "kernels of a vector",
    () => coupling([4], 1, { kernels: [3, 3] }),
    "coupling: kernels are those of images; leave kernels out for vectors",
  ],
  [
    "an affine coupling without a spline",
    () => coupling([4], 1, { affine: true, additive: true }),
    "coupling: affine and additive exclude each other; leave one of them out",
  ],
  [
    "one bin",
    () => coupling([4], 1, { bins: 1 }),
    "coupling: bins: expected an integer from 2 to 500, found 1",
  ],
  [
    "too many bins",
    () => coupling([4], 1, { bins: 1000 }),
    "coupling: bins: expected an integer from 2 to 500, found 1000",
  ],
  ["nothing to norm", () => actnorm([]), "actnorm: channels must be a positive integer, got 0"],
  [
    "no order",
    () => permuteChannels([3, 2, 2], { order: [0, 0, 1] }),
    "permuteChannels: [0, 0, 1] is not a permutation of 0..2",
  ],
  [
    "a mixture of one flow",
    () => flowMixture([[linear(2, 2)]]),
    "flowMixture: needs two members at least, got 1",
  ],
  [
    "a mixture of flows of different sizes",
    () => flowMixture([[linear(2, 2)], [linear(3, 2)]]),
    "flowMixture: all members must take the same, the first has [B, 2], that of index 1 [B, 3]",
  ],
  [
    "a mixture of images",
    () => gaussianMixture([2, 3, 3]),
    "gaussianMixture: needs vectors [n], got [B, 2, 3, 3]; flatten them first",
  ],
  [
    "a mixture that keeps all",
    () => gaussianMixture([3], { kept: 3 }),
    "gaussianMixture: 3 of 3 numbers kept leaves none to drop",
  ],
  [
    "a mixture of long vectors",
    () => gaussianMixture([2000]),
    "gaussianMixture: expected vectors of at most 1024 numbers, got 2000; reduce them first",
  ],
  [
    "a tree of fewer columns",
    () =>
      valueTree([3], {
        edges: [
          [0, 1],
          [0, 1],
        ],
      }),
    "valueTree: expected edges of 3 columns, got 2",
  ],
  [
    "a tree of too many values",
    () => valueTree([1], { edges: [Array.from({ length: 4001 }, (_, i) => i)] }),
    "valueTree: expected at most 2048 values, got 4000",
  ],
  [
    "a tree with edges that fall",
    () => valueTree([1], { edges: [[0, 2, 1]] }),
    "valueTree: edges must rise, got 0, 2, 1",
  ],
  [
    "a row of values alone",
    () => mixedRow([1], [actnorm([1])], { columns: [0], edges: [[0, 1]] }),
    "mixedRow: all 1 columns have values; use valueTree",
  ],
  [
    "a cycle of a column that is not there",
    () => mixedRow([2], [actnorm([2])], { cycles: [[2, 7, 1, 0]], columns: [2], edges: [[0, 1]] }),
    "mixedRow: expected cycles of the columns 0 to 1, got 2",
  ],
  [
    "a cycle of one step",
    () => mixedRow([2], [actnorm([2])], { cycles: [[0, 1, 1, 0]], columns: [2], edges: [[0, 1]] }),
    "mixedRow: expected cycles of at least 2 whole steps above 0, got 1 of 1",
  ],
  [
    "layers for other numbers of a row",
    () => mixedRow([3], [actnorm([3])], { columns: [0], edges: [[0, 1]] }),
    "mixedRow: the layers take [B, 3], but 2 columns are numbers",
  ],
  [
    "layers for other values of a row",
    () => mixedRow([3], [conditionalAffine([2], 3)], { columns: [0], edges: [[0, 1, 2]] }),
    "mixedRow: the layers take a condition [3], the columns have 2 values",
  ],
  [
    "no condition for what is noise",
    () => impute([2], 0, { numbers: [], known: [] }),
    "impute: needs a condition that says which numbers are noise",
  ],
  [
    "fewer places than numbers that may be noise",
    () => impute([2], 3, { numbers: [0, 1], known: [0] }),
    "impute: expected 2 places in known, got 1",
  ],
  [
    "noise in a number that is not there",
    () => impute([2], 3, { numbers: [2], known: [0] }),
    "impute: a place is not among 2 numbers, or not among 3 of the condition",
  ],
  ["all leaving", () => split([3], { leaving: 3 }), "split: 3 of 3 channels leaving leaves none behind"],
  ["one to split", () => split([1]), "split: number of leaving channels must be a positive integer, got 0"],
  [
    "a window larger than the image",
    () => maxPool2d([1, 3, 4], { kernel: 5, padding: 0 }),
    "maxPool2d: a kernel that reaches 5 × 5 is larger than the padded image 3 × 4",
  ],
  [
    "a window in the padding alone",
    () => maxPool2d([1, 3, 4], { kernel: 2, padding: { top: 2 } }),
    "maxPool2d: window 0, 0 lies in the padding alone",
  ],
  [
    "an average of the padding alone",
    () => avgPool2d([1, 3, 4], { kernel: 2, padding: { left: 2 } }),
    "avgPool2d: a window lies in the padding alone",
  ],
  [
    "patches that do not divide an image",
    () => transformer([1, 6, 8], 2),
    "transformer: patches of 4 must divide 6 × 8; pad the image, or choose another patch",
  ],
  [
    "one patch alone",
    () => transformer([3, 4, 4], 2),
    "transformer: needs two patches at least, got one of [B, 3, 4, 4]",
  ],
  [
    "heads of a broken width",
    () => transformer([4], 2, { hidden: 6 }),
    "transformer: hidden must be a multiple of its 4 heads, got 6",
  ],
  [
    "patches of a matrix",
    () => transformer([4, 4], 2),
    "transformer: needs vectors [n] or images [C, H, W], got [B, 4, 4]",
  ],
  ["nothing side by side", () => parallel([]), "parallel: needs a layer at least"],
  [
    "parts that do not join",
    () => parallel([linear(2, 2), linear(2, 2, { leading: [3] })]),
    "parallel: parts have [B, 2] and [B, 3, 2] on the in side, which do not join along axis 0",
  ],
  [
    "an axis that is not there",
    () => parallel([linear(2, 2)], { outAxis: 1 }),
    "there is no axis 1 in [B, 2]",
  ],
  [
    "one level",
    () => variationalDequantize([4], { levels: 1 }),
    "variationalDequantize: levels: expected an integer from 2 to 65536, found 1",
  ],
  [
    "one bin of noise",
    () => variationalDequantize([4], { bins: 1 }),
    "variationalDequantize: bins: expected an integer from 2 to 500, found 1",
  ],
];

describe("refused when it is built", () => {
  it.each(refused)("%s", (_, build, message) => {
    expect(build).toThrow(FlowifyError);
    expect(build).toThrow(message);
  });

  it("and in a network by its place", () => {
    const build = (layer: Parameters<typeof flowify>[0]["layers"][number]) => () =>
      flowify({ inShape: [1, 5, 5], layers: [{ kind: "dequantize" }, layer] });
    expect(build({ kind: "squeeze" })).toThrow("squeeze[1]: squeeze: needs even sides, got 5 × 5");
    expect(build({ kind: "coupling", stack: 1 })).toThrow("coupling[1]: coupling: needs two features");
    expect(build({ kind: "conv2d", out: 2, kernel: 9, padding: 0 })).toThrow("conv2d[1]: conv2d: a kernel");
    expect(build({ kind: "conv2d", out: 3, kernel: 2, groups: 2 })).toThrow("conv2d[1]: conv2d: 1 input");
  });
});
