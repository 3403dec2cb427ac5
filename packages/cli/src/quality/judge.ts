import { basename } from "node:path";
import { ShapeError, UsageError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { loadRuntime, openOriginal } from "@flowify/onnx";
import { type ImageSet, type ImageShape, imageSize } from "../data/image-set.js";
import type { Normalization } from "../flags/parsers.js";
import { readPretrained } from "../networks/pretrained.js";
import { type Features, features, verdicts } from "./features.js";

/** A classifier of images: its logits are the features for comparing samples with real images. */
export type Judge = Readonly<{
  name: string;
  /** Description of its preprocessing. */
  input: string;
  /** Logits of images, bytes [count, C, H, W]. */
  look(images: Uint8Array): Promise<Features>;
  dispose(): Promise<void>;
}>;

type Scaling = Readonly<{ name: string; of(pixel: number, channel: number): number }>;

/** The usual preprocessings of networks; the accuracy of the file selects one. */
const usual: readonly Scaling[] = [
  { name: "pixels 0 to 255", of: (pixel) => pixel },
  { name: "pixels / 255", of: (pixel) => pixel / 255 },
];

function scalingOf(normalization: Normalization): Scaling {
  if (normalization === "raw") return usual[0] as Scaling;
  const { mean, std } = normalization;
  const at = (values: readonly number[], channel: number): number => values[channel] ?? values[0] ?? 0;
  return {
    name: `(pixels / 255 - ${mean.join(", ")}) / ${std.join(", ")}`,
    of: (pixel, channel) => (pixel / 255 - at(mean, channel)) / at(std, channel),
  };
}

/**
 * Opens a classifier of an ONNX file. Without a normalization, both usual scalings of the pixels are tried on the real
 * images: the one with the higher accuracy (without labels: the higher confidence) is used.
 *
 * @throws UsageError for a file that is not ONNX, ShapeError if the images do not fit or it has fewer than two outputs
 */
export async function openJudge(
  file: string,
  real: ImageSet,
  normalization: Normalization | undefined,
): Promise<Judge> {
  const { network, original, outShape } = await readPretrained(file, {});
  if (!original)
    throw new UsageError(`--judge ${file}: expected an ONNX file\nexport the classifier to ONNX`);
  const classes = sizeOf(outShape);
  const taken = sizeOf(network.inShape);
  if (taken !== imageSize(real.shape))
    throw new ShapeError(
      `--judge ${file}: expects [${network.inShape.join(", ")}], the images are [${real.shape.join(", ")}]\nname a classifier for these images`,
    );
  if (classes < 2)
    throw new ShapeError(
      `--judge ${file}: returns one number, expected one for each of at least two classes`,
    );
  const runtime = await openOriginal(await loadRuntime(), original);
  const look = async (images: Uint8Array, scaling: Scaling): Promise<Features> =>
    features(await runtime.run(scaled(images, real.shape, network.inShape, scaling)), classes);
  const scaling = normalization
    ? scalingOf(normalization)
    : await bestScaling(real, (scaled) => look(real.images, scaled));
  return {
    name: basename(file),
    input: scaling.name,
    look: (images) => look(images, scaling),
    dispose: () => runtime.dispose(),
  };
}

/** Preprocessed pixels: scaled, and channels last for a network with such an input. */
function scaled(
  images: Uint8Array,
  [channels, height, width]: ImageShape,
  inShape: readonly number[],
  { of }: Scaling,
): Float32Array {
  const plane = height * width;
  const last = channels > 1 && inShape.at(-1) === channels && inShape[0] !== channels;
  const result = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++) {
    const channel = Math.floor(i / plane) % channels;
    const image = i - (i % (channels * plane));
    result[last ? image + (i % plane) * channels + channel : i] = of(images[i]!, channel);
  }
  return result;
}

async function bestScaling(
  { labels }: ImageSet,
  look: (scaling: Scaling) => Promise<Features>,
): Promise<Scaling> {
  const trusts: number[] = [];
  for (const scaling of usual) {
    const seen = verdicts(await look(scaling));
    const trust = ({ label, probability }: (typeof seen)[number], i: number): number =>
      labels ? Number(label === labels[i]) : probability;
    trusts.push(seen.reduce((sum, verdict, i) => sum + trust(verdict, i), 0));
  }
  return usual[trusts.indexOf(Math.max(...trusts))] as Scaling;
}
