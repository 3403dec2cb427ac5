import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A pretrained file, from its index. */
type PretrainedFile = Readonly<{
  file: string;
  path: string;
  /** Lowest and highest number of its inputs. */
  range: readonly [low: number, high: number];
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

/** The files in REF.json, or those with a word in their name. */
export function pretrainedFiles(dir: string, word = ""): PretrainedFile[] {
  const index = readFileSync(join(dir, GIVEN, "REF.json"), "utf8");
  const listed = JSON.parse(index) as { file: string; norm?: string }[];
  return listed
    .filter(({ file }) => file.includes(word))
    .map(({ file, norm }) => ({ file, path: join(dir, GIVEN, file), range: rangeOf(norm) }));
}
