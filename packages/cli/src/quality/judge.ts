import { basename } from "node:path";
import { DomainError, ShapeError, UsageError } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { type Computed, loadRuntime, openGiven, openOriginal } from "@flowify/onnx";
import { type ImageSet, imageSize } from "../data/image-set.js";
import type { Normalization } from "../flags/parsers.js";
import { inputShape, preprocessing } from "../guard/examples.js";
import { openModelFile } from "../networks/model-file.js";
import { naming } from "../networks/naming.js";
import { isDescription } from "../networks/pretrained.js";
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

/** The usual preprocessings of networks, as `--normalize` has them; the accuracy of the file selects one. */
const usualFor = (real: ImageSet): readonly (Normalization | undefined)[] => [
  "raw",
  undefined,
  ...standardizing(real),
];

/** To mean 0 and standard deviation 1 in each channel; none where a channel is constant. */
function standardizing({ images, shape }: ImageSet): Normalization[] {
  const [channels, height, width] = shape;
  const plane = height * width;
  const channelAt = (i: number): number => Math.floor(i / plane) % channels;
  const count = images.length / channels;
  const sums = new Float64Array(channels);
  images.forEach((level, i) => {
    sums[channelAt(i)]! += level / 255;
  });
  const mean = Array.from(sums, (sum) => sum / count);
  const squares = new Float64Array(channels);
  images.forEach((level, i) => {
    squares[channelAt(i)]! += (level / 255 - (mean[channelAt(i)] ?? 0)) ** 2;
  });
  const std = Array.from(squares, (sum) => Math.sqrt(sum / count));
  return std.every((each) => each > 0) ? [{ mean: mean.map(fourDigits), std: std.map(fourDigits) }] : [];
}

const fourDigits = (value: number): number => Number(value.toPrecision(4));

function nameOf(normalization: Normalization | undefined): string {
  if (normalization === "raw") return "pixels 0 to 255";
  if (!normalization) return "pixels / 255";
  return `(pixels / 255 - ${normalization.mean.join(", ")}) / ${normalization.std.join(", ")}`;
}

/** Operators at the end that keep the order of the classes: their input holds the logits. */
const ENDS: readonly string[] = ["Softmax", "LogSoftmax", "Identity"];

/** Images that the outputs are found by, and images in a call. */
const IMAGES = { probed: 3, atOnce: 250 } as const;

/**
 * Opens a classifier of an ONNX file, which is run and not converted. Without a normalization, the usual scalings of the
 * pixels are tried on the real images: the one with the highest accuracy (without labels: the highest confidence) is used.
 *
 * @throws UsageError for a file that is not ONNX or that ONNX Runtime rejects, ShapeError if the images do not fit or no output
 * has a number for each of at least two classes, DomainError for outputs that are not finite
 */
export async function openJudge(
  file: string,
  real: ImageSet,
  normalization: Normalization | undefined,
): Promise<Judge> {
  const named = `--judge ${file}`;
  if (isDescription(file))
    throw new UsageError(`${named}: expected an ONNX file\nexport the classifier to ONNX`);
  const { bytes, external } = await openModelFile(file);
  const given = await naming(named, () => openGiven(bytes, external, { asItIs: true }));
  const { shape } = given.input;
  const sizes = shape.length === 1 ? shape : shape.slice(1);
  const example = await naming(named, () =>
    inputShape(sizes, real.shape, real.name, "name a classifier for these images"),
  );
  const runtime = await loadRuntime();
  const last = given.line.findLastIndex(({ op }) => !ENDS.includes(op));
  const inner = given.line[last]?.name;
  const shown = inner === undefined || given.outputs.some(({ name }) => name === inner) ? [] : [inner];
  const network = await naming(named, () =>
    openOriginal(runtime, given.showing(shown), { input: given.input.name, example }),
  );
  const all = async (images: Uint8Array, scaling: Normalization | undefined, atOnce: number) =>
    network.all(await preprocessing(real.shape, example, scaling)(images), atOnce);
  try {
    const probed = real.images.subarray(0, IMAGES.probed * imageSize(real.shape));
    const outputs = given.outputs.map(({ name }) => name);
    const found = async (atOnce: number) =>
      scoresOf(await all(probed, normalization, atOnce), [...shown, ...outputs]);
    // a file may leave the batch open and still be valid only for one example
    const [atOnce, scores] = await naming(named, async () => {
      const together = await found(IMAGES.probed).catch(() => undefined);
      return together === undefined ? [1, await found(1)] : [IMAGES.atOnce, together];
    });
    if (!scores)
      throw new ShapeError(
        `${named}: returns ${given.outputs.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ")}, expected float32 numbers, one for each of at least two classes\nname a classifier`,
      );
    const look = async (images: Uint8Array, scaling: Normalization | undefined): Promise<Features> => {
      const { data, shape } = (await all(images, scaling, atOnce))[scores] as Computed;
      return features(data as Float32Array, sizeOf(shape));
    };
    const scaling = normalization ?? (await bestScaling(real, (each) => look(real.images, each)));
    return {
      name: basename(file),
      input: nameOf(scaling),
      async look(images) {
        const seen = await look(images, scaling);
        if (seen.rows.every(Number.isFinite)) return seen;
        throw new DomainError(
          `${named}: returns numbers that are not finite\nset --normalize, or name another`,
        );
      },
      dispose: () => network.dispose(),
    };
  } catch (error) {
    await network.dispose();
    throw error;
  }
}

/** The first of these outputs that has float32 numbers, at least two for each example. */
const scoresOf = (
  outputs: Readonly<Record<string, Computed>>,
  names: readonly string[],
): string | undefined =>
  names.find((name) => {
    const found = outputs[name];
    return found?.data instanceof Float32Array && sizeOf(found.shape) >= 2;
  });

async function bestScaling(
  real: ImageSet,
  look: (scaling: Normalization | undefined) => Promise<Features>,
): Promise<Normalization | undefined> {
  const { labels } = real;
  const usual = usualFor(real);
  const trusts: number[] = [];
  for (const scaling of usual) {
    const seen = verdicts(await look(scaling));
    const trust = ({ label, probability }: (typeof seen)[number], i: number): number =>
      labels ? Number(label === labels[i]) : probability || 0; // NaN for outputs that are not finite
    trusts.push(seen.reduce((sum, verdict, i) => sum + trust(verdict, i), 0));
  }
  return usual[trusts.indexOf(Math.max(...trusts))];
}
