import { expectImages, firstImages } from "../data/image-set.js";
import { verdicts } from "../quality/features.js";
import { openJudge } from "../quality/judge.js";
import { imagesFor, type SavedRun } from "../runs/open-run.js";

/** Real images that tell which scaling of the pixels a classifier takes. */
const LOOKED_AT = 500;

/** How many samples, bytes [count, C, H, W], a classifier in a file calls the class that was asked for. Errors: those of `openJudge`. */
export async function recognizedBy(
  file: string,
  run: SavedRun,
  images: Uint8Array,
  asked: readonly number[],
): Promise<number> {
  const real = expectImages(await imagesFor(run, {}), "--judge");
  const judge = await openJudge(file, firstImages(real, Math.min(LOOKED_AT, real.count)), undefined);
  try {
    const seen = verdicts(await judge.look(images));
    return seen.filter(({ label }, i) => label === asked[i]).length;
  } finally {
    await judge.dispose();
  }
}
