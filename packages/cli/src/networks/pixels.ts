import { type Network, type NetworkLayer, ShapeError } from "@flowify/core";
import type { OrdinaryLayer } from "@flowify/core/internal";
import { type Shape, sizeOf } from "@flowify/core/layer";
import type { ImageShape, RowSet } from "../data/image-set.js";
import type { Normalization } from "../flags/parsers.js";

/** Scales below this, or centres above it, are for numbers up to 255 and not up to 1. */
const RAW = { scale: 1 / 32, centre: 4 };

/** Layers that only rearrange numbers. */
const ARRANGING: readonly string[] = ["reshape", "flatten", "transpose"] satisfies OrdinaryLayer["kind"][];

/**
 * Raw pixels, if a pretrained network begins with a normalization of numbers from 0 to 255: x / 255, or (x − mean) /
 * std. Otherwise undefined.
 */
export function ownNormalization({ layers }: Pick<Network, "layers">): "raw" | undefined {
  const first = layers.find(({ kind }) => !ARRANGING.includes(kind));
  if (first?.kind !== "affine") return undefined;
  const { scale = Float32Array.of(1), shift = Float32Array.of(0) } = first;
  const at = (values: Float32Array, c: number): number => values[values.length === 1 ? 0 : c] as number;
  const isRaw = Array.from({ length: Math.max(scale.length, shift.length) }, (_, c) => {
    const [a, b] = [Math.abs(at(scale, c)), Math.abs(at(shift, c))];
    return a < RAW.scale || b > RAW.centre * a;
  });
  return isRaw.every(Boolean) ? "raw" : undefined;
}

/** Preprocessing of a network's training data: scale and shift of pixels from 0 to 255, per channel or for all. */
function constants(
  normalization: Normalization | undefined,
  channels: number,
): { scale: number[]; shift: number[] } {
  if (normalization === "raw") return { scale: [1], shift: [0] };
  const { mean = [0], std = [1] } = normalization ?? {};
  for (const values of [mean, std])
    if (values.length !== 1 && values.length !== channels)
      throw new ShapeError(
        `--normalize: ${values.length} numbers, expected one for each of ${channels} channels`,
      );
  const at = (values: readonly number[], c: number): number => values[values.length === 1 ? 0 : c] as number;
  const each = Array.from({ length: Math.max(mean.length, std.length) }, (_, c) => c);
  return {
    scale: each.map((c) => 1 / (255 * at(std, c))),
    shift: each.map((c) => -at(mean, c) / at(std, c)),
  };
}

/** Images [C, H, W] in the layout that the network expects: unchanged, channels last, or as one row. */
function arranged(image: ImageShape, inShape: Shape): OrdinaryLayer[] {
  const [channels, height, width] = image;
  const key = inShape.join();
  if (key === image.join()) return [];
  if (key === [height, width, channels].join()) return [{ kind: "transpose", order: [1, 2, 0] }];
  if (sizeOf(inShape) !== channels * height * width || (channels > 1 && inShape.length > 1))
    throw new ShapeError(
      `the images are [${image.join(", ")}], the network expects [${inShape.join(", ")}]\nchoose another --data`,
    );
  return [{ kind: "reshape", shape: inShape }];
}

/**
 * Layers that preprocess pixels, integers 0 to 255, for a pretrained network.
 *
 * @throws ShapeError if the images do not fit
 */
export function fromPixels(
  image: ImageShape,
  inShape: Shape,
  normalization?: Normalization,
): OrdinaryLayer[] {
  const { scale, shift } = constants(normalization, image[0]);
  return [affine(scale, shift), ...arranged(image, inShape)];
}

/**
 * The same after a dequantization, which maps a pixel to (pixel + u) / 256, so that the likelihood is that of pixels.
 * With the noise at its mean, u = 1/2, the network sees its original inputs.
 */
function dequantized(image: ImageShape, inShape: Shape, normalization?: Normalization): NetworkLayer[] {
  const { scale, shift } = constants(normalization, image[0]);
  return [
    { kind: "dequantize" },
    affine(
      scale.map((s) => 256 * s),
      shift.map((b, c) => b - (scale[c] as number) / 2),
    ),
    ...(arranged(image, inShape) as NetworkLayer[]),
  ];
}

const affine = (scale: readonly number[], shift: readonly number[]) =>
  ({ kind: "affine", scale: Float32Array.from(scale), shift: Float32Array.from(shift) }) as const;

/** Kinds of last layers with outputs in an interval, on which the base is uniform. */
const BETWEEN_ENDS: readonly string[] = ["sigmoid", "tanh", "softsign"] satisfies NetworkLayer["kind"][];

/** The outputs of a network do not have the scale of a standard normal: a whitening after it corrects this. */
const forBase = ({ layers }: Network): NetworkLayer[] =>
  BETWEEN_ENDS.includes(layers.at(-1)?.kind ?? "") ? [] : [{ kind: "whiten" }];

/**
 * A pretrained network with pixels as input: dequantization, the normalization of its training, its own layers, and a
 * whitening of their outputs. The default normalization is that of the network itself, if it has one, otherwise pixel /
 * 255. `given` is the range of the pretrained layers, [from, to).
 *
 * @throws ShapeError if the images do not fit
 */
export function networkOfPixels(
  own: Network,
  image: ImageShape,
  normalization: Normalization | undefined = ownNormalization(own),
): { network: Network; pretrained: { from: number; to: number } } {
  const front = dequantized(image, own.inShape, normalization);
  return {
    network: { inShape: image, layers: [...front, ...own.layers, ...forBase(own)] },
    pretrained: { from: front.length, to: front.length + own.layers.length },
  };
}

/**
 * A pretrained network with rows as input, unchanged. Integers are dequantized and scaled back in front of it.
 *
 * @throws ShapeError if the rows do not fit
 */
export function networkOfRows(
  own: Network,
  { shape, levels }: Pick<RowSet, "shape" | "levels">,
): { network: Network; pretrained: { from: number; to: number } } {
  const size = sizeOf(own.inShape);
  if (size !== shape[0])
    throw new ShapeError(
      `the network takes [${own.inShape.join(", ")}], the rows have ${shape[0]} columns\nchoose another --data`,
    );
  const front: NetworkLayer[] = [
    ...(levels === undefined ? [] : [{ kind: "dequantize", levels } as const, affine([levels], [-0.5])]),
    ...(own.inShape.length === 1 ? [] : [{ kind: "reshape", shape: own.inShape } as const]),
  ];
  return {
    network: { inShape: shape, layers: [...front, ...own.layers, ...forBase(own)] },
    pretrained: { from: front.length, to: front.length + own.layers.length },
  };
}
