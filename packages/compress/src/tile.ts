import { type ArrayTree, type FlowLayer, sizeOf } from "@flowify/core/layer";
import { numpy as np, tree } from "@jax-js/jax";
import { stretched } from "./curve.js";
import { appending, dropping } from "./drop.js";
import { type GridCoder, inOrder, inSections, moved, UNIT } from "./grid.js";
import { type GridNetwork, gridNetwork } from "./grid-network.js";
import { normalsCoder } from "./normals.js";
import { rotated } from "./rotate.js";

/**
 * The normals of pixels in no patch given the others, from the stochastic inverse of the layer: the mean is its draw for
 * noise 0, and the standard deviation is how far noise 1 moves it. Consumes the parameters.
 */
export function gapsOf(layer: FlowLayer, params: ArrayTree, pixels: ArrayLike<number>): GridNetwork {
  const { inShape, outShape } = layer;
  const covered = new Set(Array.from(pixels));
  const all = Array.from({ length: sizeOf(inShape) }, (_, pixel) => pixel);
  const open = all.filter((pixel) => !covered.has(pixel));
  const place = new Map(all.filter((pixel) => covered.has(pixel)).map((pixel, i) => [pixel, i]));
  const drawn = (own: ArrayTree, patches: np.Array, noise: number): np.Array =>
    layer.inverse(own, patches, { gaps: np.full([1, ...inShape], noise) });
  const network = gridNetwork(
    {
      params,
      shape: outShape,
      run(own, patches) {
        const mean = drawn(tree.ref(own), patches.ref, 0);
        return [mean.ref, drawn(own, patches, 1).sub(mean)];
      },
    },
    (context) => Float32Array.from(pixels, (pixel) => context[place.get(pixel)!]! * UNIT),
  );
  const atGaps = (image: Float64Array): Float64Array => Float64Array.from(open, (pixel) => image[pixel]!);
  return {
    run: async (context) => [Float64Array.of(1), ...(await network.run(context)).map(atGaps)],
    dispose: network.dispose,
  };
}

type TileCoding = Readonly<{
  /** The pixel of every entry of the patches. */
  pixels: ArrayLike<number>;
  /** Number of pixels, in all channels. */
  count: number;
  /** Scale of the copies' noise. */
  a: number;
  /** The normal of every pixel in no patch given the others, which are its context in order; where there are such pixels. */
  gaps?: GridNetwork;
}>;

/**
 * An orthogonal N × N matrix with 1 / √N in its first row: (√N x, η) times it is x in all N entries, plus noise of the
 * directions orthogonal to these. The reflection that takes the first unit vector there.
 */
function copyingMatrix(N: number): Float64Array {
  const v = Float64Array.from({ length: N }, (_, i) => (i === 0 ? 1 : 0) - 1 / Math.sqrt(N));
  const square = v.reduce((sum, value) => sum + value * value, 0);
  return Float64Array.from({ length: N * N }, (_, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    return (i === j ? 1 : 0) - (square > 0 ? (2 * v[i]! * v[j]!) / square : 0);
  });
}

/**
 * The copies of pixels in patches: each pixel is stretched by √N, N − 1 numbers of noise of standard deviation √N a join it, and
 * a rotation makes the N copies of both. Pixels in no patch are dropped before.
 */
export function tileCoder({ pixels, count, a, gaps }: TileCoding): GridCoder {
  const places: number[][] = Array.from({ length: count }, () => []);
  for (let entry = 0; entry < pixels.length; entry++) places[pixels[entry]!]!.push(entry);
  const timesOf = (pixel: number): number => places[pixel]!.length;
  const all = Array.from({ length: count }, (_, pixel) => pixel);
  const covered = all.filter((pixel) => timesOf(pixel) > 0);
  /** Covered pixels by the number of their copies, as places among the covered ones. */
  const order = covered.map((_, i) => i).sort((i, j) => timesOf(covered[i]!) - timesOf(covered[j]!) || i - j);
  const sorted = order.map((i) => covered[i]!);
  const times = sorted.map(timesOf);
  const from = times.flatMap((N, i) => [i, ...new Array<number>(N - 1).fill(-1)]);
  const spread = times.flatMap((N) => new Array<number>(N - 1).fill(Math.sqrt(N) * a));
  const noise = { weights: [1], means: new Float64Array(spread.length), stds: spread };
  const target = Float64Array.from({ length: pixels.length }); // the copy in each entry of the patches
  for (const [copy, entry] of sorted.flatMap((pixel) => places[pixel]!).entries()) target[entry] = copy;
  const sizes = [...new Set(times)];
  const copies = inOrder([
    moved(order),
    ...(spread.length > 0
      ? [
          stretched(times.map(Math.sqrt)),
          appending(from, normalsCoder(noise, spread.length)),
          inSections(
            sizes.map((N) => ({
              length: N * times.filter((n) => n === N).length,
              coder: rotated(copyingMatrix(N), N),
            })),
          ),
        ]
      : []),
    moved(target),
  ]);
  if (!gaps) return copies;
  const missing = all.filter((pixel) => timesOf(pixel) === 0);
  return inOrder([
    dropping({ dropped: missing, kept: covered, next: moved(covered.map((_, i) => i)), density: gaps }),
    copies,
  ]);
}
