import { type Network, type NetworkLayer, ShapeError } from "@flowify/core";
import type { OrdinaryLayer } from "@flowify/core/internal";
import type { Shape } from "@flowify/core/layer";
import type { Normalization } from "../commands/parsers.js";
import type { ImageShape, RowSet } from "../data/image-set.js";

/** Scales smaller than this, or centres beyond it, are of numbers up to 255 and not up to 1. */
const RAW = { scale: 1 / 32, centre: 4 };

/** Layers that only arrange numbers anew. */
const ARRANGING: readonly string[] = ["reshape", "flatten", "transpose"] satisfies OrdinaryLayer["kind"][];

/**
 * Raw pixels, where a given network begins with a normalization that is one of numbers from 0 to 255, as that of a file which
 * holds its own: x / 255, or (x − mean) / std. Undefined else.
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

/** What a network was trained on: its scale and shift of pixels from 0 to 255, a channel or for all. */
function constants(
  normalization: Normalization | undefined,
  channels: number,
): { scale: number[]; shift: number[] } {
  if (normalization === "raw") return { scale: [1], shift: [0] };
  const { mean = [0], std = [1] } = normalization ?? {};
  for (const values of [mean, std])
    if (values.length !== 1 && values.length !== channels)
      throw new ShapeError(`--normalize: ${values.length} numbers for ${channels} channels`);
  const at = (values: readonly number[], c: number): number => values[values.length === 1 ? 0 : c] as number;
  const each = Array.from({ length: Math.max(mean.length, std.length) }, (_, c) => c);
  return {
    scale: each.map((c) => 1 / (255 * at(std, c))),
    shift: each.map((c) => -at(mean, c) / at(std, c)),
  };
}

/** Images [C, H, W] in the order that the network takes them in: as they are, channels last, or in one row. */
function arranged(image: ImageShape, inShape: Shape): OrdinaryLayer[] {
  const [channels, height, width] = image;
  const key = inShape.join();
  if (key === image.join()) return [];
  if (key === [height, width, channels].join()) return [{ kind: "transpose", order: [1, 2, 0] }];
  if (
    inShape.reduce((a, b) => a * b, 1) !== channels * height * width ||
    (channels > 1 && inShape.length > 1)
  )
    throw new ShapeError(
      `the network takes [${inShape.join(", ")}], the images are [${image.join(", ")}]\nchoose another --data`,
    );
  return [{ kind: "reshape", shape: inShape }];
}

/**
 * Layers that make of pixels, integers 0 to 255, what a given network takes.
 *
 * @throws ShapeError where the images are none that it takes
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
 * The same behind a dequantization, which makes (pixel + u) / 256 of a pixel, so that the likelihood is one of
 * pixels; where the noise has its mean, u = 1/2, the network sees what it was trained on.
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

/** Kinds at the end that give numbers in an interval, on which the base is uniform. */
const BETWEEN_ENDS: readonly string[] = ["sigmoid", "tanh", "softsign"] satisfies NetworkLayer["kind"][];

/** The scales of a network's own output are not those of a standard normal: a whitening behind it makes them so. */
const forBase = ({ layers }: Network): NetworkLayer[] =>
  BETWEEN_ENDS.includes(layers.at(-1)?.kind ?? "") ? [] : [{ kind: "whiten" }];

/**
 * A given network as one of pixels: dequantized, normalized as it was trained, its own layers, and a whitening of what
 * they give. Where no normalization is named it is that of the network itself, where it has one, else pixel / 255. `given` says which of the layers are its own: from the first to before the last.
 *
 * @throws ShapeError where the images are none that it takes
 */
export function networkOfPixels(
  own: Network,
  image: ImageShape,
  normalization: Normalization | undefined = ownNormalization(own),
): { network: Network; given: { from: number; to: number } } {
  const front = dequantized(image, own.inShape, normalization);
  return {
    network: { inShape: image, layers: [...front, ...own.layers, ...forBase(own)] },
    given: { from: front.length, to: front.length + own.layers.length },
  };
}

/**
 * A given network as one of rows, which it gets as they are; integers are dequantized, and brought back to their own scale,
 * in front of it.
 *
 * @throws ShapeError where the rows are none that it takes
 */
export function networkOfRows(
  own: Network,
  { shape, levels }: Pick<RowSet, "shape" | "levels">,
): { network: Network; given: { from: number; to: number } } {
  const size = own.inShape.reduce((a, b) => a * b, 1);
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
    given: { from: front.length, to: front.length + own.layers.length },
  };
}
