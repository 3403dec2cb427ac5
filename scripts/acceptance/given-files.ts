import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a trained file takes, as its index says. */
export type GivenFile = Readonly<{
  file: string;
  path: string;
  /** Lowest and highest number of its inputs. */
  range: readonly [low: number, high: number];
}>;

/** The folder of the files, below the folder of data. */
export const GIVEN = "data/onnx";

/** `/255`, `raw`, `(x/255-.1307)/.3081` and the like: from what to what pixels go. */
function rangeOf(norm: string | undefined): readonly [number, number] {
  if (norm === "raw") return [0, 255];
  const numbers = norm?.match(/\.\d+/g)?.map(Number) ?? [];
  const [mean = 0, std = 1] = [numbers[0], numbers.at(-1)];
  return [-mean / std, (1 - mean) / std];
}

/** The files that REF.json lists. */
export function givenFiles(dir: string): GivenFile[] {
  const listed = JSON.parse(readFileSync(join(dir, GIVEN, "REF.json"), "utf8")) as {
    file: string;
    norm?: string;
  }[];
  return listed.map(({ file, norm }) => ({ file, path: join(dir, GIVEN, file), range: rangeOf(norm) }));
}
