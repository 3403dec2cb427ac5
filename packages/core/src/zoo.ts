import { UsageError } from "./errors.js";
import { imageEnd } from "./image-end.js";
import { imageFront } from "./image-front.js";
import type { Network, NetworkLayer } from "./network/network.js";
import type { Shape } from "./shape.js";

const dequantize: NetworkLayer = { kind: "dequantize" };
const flatten: NetworkLayer = { kind: "flatten" };
const whiten: NetworkLayer = { kind: "whiten" };
const spline: NetworkLayer = { kind: "rqSpline" };
const linear = (out: number): NetworkLayer => ({ kind: "linear", out });
const conv = (out: number, kernel: number, stride: number): NetworkLayer => ({
  kind: "conv2d",
  out,
  kernel,
  stride,
});
/** N(d, t) of the paper on vectors, Nc(c, t) on images: `stack` spline couplings. */
const coupling = (stack: number): NetworkLayer => ({ kind: "coupling", stack });

/** Each layer with the shared spline after it. */
const splined = (...layers: NetworkLayer[]): NetworkLayer[] => layers.flatMap((layer) => [layer, spline]);
/** `count` dense layers of one width, each with a spline. */
const dense = (count: number, width: number): NetworkLayer[] =>
  splined(...new Array<NetworkLayer>(count).fill(linear(width)));

const network = (inShape: Shape, ...layers: NetworkLayer[]): Network => ({
  inShape,
  layers: [dequantize, ...layers],
});
const mnist = (...layers: NetworkLayer[]): Network => network([1, 28, 28], ...layers);
const cifar = (...layers: NetworkLayer[]): Network => network([3, 32, 32], ...layers);

/** The dense layers of `cifar10/fmlp`, 3072 → 128. */
const cifarDense = [...splined(...[1024, 512, 512, 256].map(linear)), linear(128)];

/** The end of MNIST's convolutional networks, 64 → 8. */
const mnistTail = [flatten, ...dense(6, 64), ...splined(linear(32)), ...dense(6, 32), linear(8)];
const mnistNsfTail = [flatten, coupling(2), linear(32), spline, coupling(2), linear(8), coupling(2)];

/** Source: Flowification, appendix (tables of networks). */
const paperNetworks: { readonly [name: string]: Network } = {
  "mnist/fmlp": mnist(flatten, whiten, ...splined(...[512, 256, 128, 64, 32].map(linear)), linear(8)),
  "mnist/fconv1": mnist(
    ...splined(conv(16, 3, 2), conv(24, 2, 2), conv(32, 3, 2), conv(48, 2, 1), conv(64, 2, 1)),
    ...mnistTail,
  ),
  "mnist/fconv1-nsf": mnist(
    ...splined(conv(16, 3, 2), conv(24, 2, 2), conv(32, 3, 2), conv(48, 2, 1), conv(64, 2, 1)),
    ...mnistNsfTail,
  ),
  "mnist/fconv2": mnist(
    ...splined(conv(4, 2, 2), conv(16, 2, 2), conv(32, 2, 2), conv(48, 2, 2), conv(64, 2, 2)),
    ...mnistTail,
  ),
  "mnist/fconv2-nsf": mnist(
    ...[4, 16, 24, 32].flatMap((out) => [conv(out, 2, 2), spline, coupling(2)]),
    ...splined(conv(64, 2, 2)),
    ...mnistNsfTail,
  ),
  "cifar10/fmlp": cifar(flatten, whiten, ...cifarDense),
  "cifar10/fconv1": cifar(
    ...splined(conv(27, 3, 2), conv(64, 3, 2), conv(100, 3, 2), conv(112, 3, 2), conv(128, 2, 2)),
    flatten,
    ...dense(10, 128),
  ),
  "cifar10/fconv1-nsf": cifar(
    ...[27, 48, 72].flatMap((out) => [conv(out, 3, 2), spline, coupling(4)]),
    ...splined(conv(96, 3, 2), conv(128, 2, 2)),
    flatten,
    coupling(8),
  ),
  "cifar10/fconv2": cifar(
    ...splined(conv(12, 2, 2), conv(48, 2, 2), conv(100, 2, 2), conv(112, 2, 2), conv(128, 2, 2)),
    flatten,
    ...dense(12, 128),
  ),
  "cifar10/fconv2-nsf": cifar(
    ...[12, 48, 72].flatMap((out) => [conv(out, 2, 2), spline, coupling(4)]),
    ...splined(conv(96, 2, 2), conv(128, 2, 2)),
    flatten,
    coupling(6),
  ),
};

/** The splits of the couplings in front of the networks of the paper. */
const splitsInFront: { readonly [network: string]: readonly number[] } = {
  fmlp: [],
  fconv1: [0, 1],
  "fconv1-nsf": [0, 1],
  fconv2: [0, 1],
  "fconv2-nsf": [0, 1, 2],
};

/** Conditioners of colour images: every second convolution is 1 × 1, so that they are twice as wide in the same time. */
const colours = { kernels: [3, 1, 3, 1], affine: true } as const;
/** Two couplings where colour images have half their resolution: neighbours there say most about a pixel. */
const fine = { hidden: 96, ...colours } as const;
const fineCoupling: NetworkLayer = { kind: "coupling", stack: 2, ...fine };
/** Two couplings of colour images at a lower resolution. */
const coarse: NetworkLayer = { kind: "coupling", stack: 2, hidden: 128, ...colours };

/**
 * Colour images at half their resolution, their colours turned to principal ones: couplings of 2 × 2 blocks, then couplings
 * that follow a turn of the channels.
 */
const colourFront: readonly NetworkLayer[] = [
  ...imageFront(3, { splits: [1, 2], per: "channel", turned: true, size: fine }),
  conv(12, 2, 2),
  fineCoupling,
  conv(12, 1, 1),
  fineCoupling,
];

/**
 * Networks that are more than a network of the paper behind layers of ours.
 *
 * `fmlp` of colour images: neighbours are so much alike that a spline for each pixel would tear them apart, so the splines
 * come behind the whitening (docs/results/levers.md).
 *
 * `quick`: what pays most in the first minutes. `transformer`: its front, and attention between patches in place of its
 * convolutions and dense couplings.
 *
 * `best`, made for the best likelihood. Of digits it is `transformer` with two more blocks of attention, and columns as a third
 * split in front. Colour images have couplings at a quarter and an eighth of the resolution too, and some couplings in front follow
 * a turn of the channels.
 */
const ownNetworks: { readonly [name: string]: Network } = {
  "cifar10/fmlp": {
    inShape: [3, 32, 32],
    layers: [
      { kind: "variationalDequantize", hidden: 16 },
      flatten,
      whiten,
      { kind: "marginal" },
      ...cifarDense,
    ],
  },
  "mnist/quick": {
    inShape: [1, 28, 28],
    layers: [
      ...imageFront(1, { splits: [0, 1] }),
      ...splined(conv(4, 2, 2), conv(16, 2, 2)),
      ...imageEnd(784, 3, [256]),
    ],
  },
  "mnist/transformer": {
    inShape: [1, 28, 28],
    layers: [
      ...imageFront(1, { splits: [0, 1] }),
      { kind: "transformer", stack: 2, depth: 1 },
      ...imageEnd(784, 0, [256]),
    ],
  },
  "mnist/best": {
    inShape: [1, 28, 28],
    layers: [
      ...imageFront(1, { splits: [0, 1, 2] }),
      { kind: "transformer", stack: 4, depth: 1 },
      ...imageEnd(784, 0, [256]),
    ],
  },
  "cifar10/best": {
    inShape: [3, 32, 32],
    layers: [
      ...colourFront,
      ...splined(conv(48, 2, 2)),
      coarse,
      conv(48, 1, 1),
      coarse,
      ...splined(conv(72, 2, 2)),
      coarse,
      ...splined(conv(96, 2, 2), conv(128, 2, 2)),
      flatten,
      coupling(2),
    ],
  },
};

const PAPER = ":paper";

/** Names of our networks: those of the paper with layers of ours in front of them, and `best`. */
export const zooNames: readonly string[] = [
  ...new Set([...Object.keys(paperNetworks), ...Object.keys(ownNetworks)]),
];

/** Names of the unchanged networks of the paper: `"mnist/fmlp:paper"`. */
export const paperNames: readonly string[] = Object.keys(paperNetworks).map((name) => `${name}${PAPER}`);

/**
 * A network by its name: `"mnist/fmlp"`, the paper's network after learned dequantization and a spline for each pixel,
 * `"mnist/fmlp:paper"`, the paper's network unchanged, or one of ours alone: `"mnist/quick"`, `"mnist/transformer"`,
 * `"mnist/best"`, `"cifar10/best"`.
 *
 * Errors: `UsageError` that lists the names.
 *
 * @example
 * ```ts
 * import { flowify, zoo } from "@flowify/core";
 *
 * const flow = flowify(zoo("mnist/fmlp"));
 * console.log(flow.inShape, flow.exact);
 * // [ 1, 28, 28 ] false
 * ```
 */
export function zoo(name: string): Network {
  if (Object.hasOwn(ownNetworks, name)) return { name, ...(ownNetworks[name] as Network) };
  const base = String(name).endsWith(PAPER) ? name.slice(0, -PAPER.length) : name;
  const found = Object.hasOwn(paperNetworks, base) ? paperNetworks[base] : undefined;
  if (!found)
    throw new UsageError(
      `there is no network "${name}"; expected ${zooNames.join(", ")}, or one of these names with ${PAPER} at the end for the network of the paper`,
    );
  if (base !== name) return { name, ...found };
  const [, ...layers] = found.layers;
  return { name, inShape: found.inShape, layers: [...frontOf(base, found.inShape), ...layers] };
}

/** The layers in front of a network of the paper, in place of its dequantization. */
function frontOf(name: string, [channels = 0]: Shape): readonly NetworkLayer[] {
  // windows that overlap copy pixels, which costs least where pixels hardly depend on each other
  if (name.startsWith("cifar10/fconv1")) return [...colourFront, { kind: "unsqueeze" }];
  return imageFront(channels, { splits: splitsInFront[name.slice(name.indexOf("/") + 1)] ?? [] });
}
