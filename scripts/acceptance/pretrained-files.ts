import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng, type Shape, sizeOf } from "@flowify/core/layer";
import { loadDataSet } from "flowify";

/** The input of a pretrained file, from its index. */
export type PretrainedFile = Readonly<{
  file: string;
  path: string;
  /** Lowest and highest number of its inputs. */
  range: readonly [low: number, high: number];
  /** The images of its training, if available. */
  images: "mnist" | "cifar10" | undefined;
}>;

/** The folders of the files, and of photographs, below the folder of data. */
export const GIVEN = "data/onnx";
export const CIFAR = "data/cifar10";

/** Range of the normalized pixels, for `/255`, `raw`, `(x/255-.1307)/.3081` and similar texts. */
function rangeOf(norm: string | undefined): readonly [number, number] {
  if (norm === "raw") return [0, 255];
  const numbers = norm?.match(/\.\d+/g)?.map(Number) ?? [];
  const [mean = 0, std = 1] = [numbers[0], numbers.at(-1)];
  return [-mean / std, (1 - mean) / std];
}

const imagesOf: { readonly [kind: string]: PretrainedFile["images"] } = { mnist: "mnist", cifar: "cifar10" };

/** The files in REF.json, or those with a word in their name. */
export function pretrainedFiles(dir: string, word = ""): PretrainedFile[] {
  const listed = JSON.parse(readFileSync(join(dir, GIVEN, "REF.json"), "utf8")) as {
    file: string;
    kind: string;
    norm?: string;
  }[];
  const chosen = listed.filter(({ file }) => file.includes(word));
  return chosen.map(({ file, kind, norm }) => ({
    file,
    path: join(dir, GIVEN, file),
    range: rangeOf(norm),
    images: imagesOf[kind],
  }));
}

/** Examples for a file's network: dequantized images of its training data, or uniform numbers in its range. */
export async function examplesFor(
  { range: [low, high], images }: PretrainedFile,
  inShape: Shape,
  count: number,
  dir: string,
): Promise<Float32Array> {
  const rng = makeRng(1);
  const size = sizeOf(inShape);
  const scaled = (level: number): number => low + (high - low) * level;
  if (images === undefined) return Float32Array.from({ length: count * size }, () => scaled(rng.uniform()));
  const place = images === "cifar10" ? { dir: join(dir, CIFAR) } : {};
  const set = await loadDataSet({ name: images, ...place }, "train");
  const channels = set.shape[0];
  const channelsLast = channels > 1 && inShape.at(-1) === channels;
  const examples = new Float32Array(count * size);
  for (let at = 0; at < examples.length; at++) {
    const [example, within] = [Math.floor(at / size), at % size];
    const [pixel, channel] = [Math.floor(within / channels), within % channels];
    const from = channelsLast ? (channel * size) / channels + pixel : within;
    examples[at] = scaled((set.images[example * size + from]! + rng.uniform()) / 256);
  }
  return examples;
}
