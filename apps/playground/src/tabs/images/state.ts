import { computed, signal } from "@preact/signals";
import type { Progress, RunImages } from "../../run/session.js";
import { tabConfig } from "../../shell/route.js";
import { digitsOf } from "../../ui/digits.js";
import { download, firstOf } from "../../ui/files.js";
import { readPictures } from "../../ui/pictures.js";
import { wordsOf } from "../../ui/problem.js";
import { makeRun } from "../../ui/run.js";
import { showStored } from "../../ui/stored-view.js";
import { connectLater } from "../../worker/client.js";
import { FEWEST, type ImageShape, type ImagesConfig, imagesConfig, numbersOf, SIDES } from "./config.js";
import type { ImagesOpened, ReadRun } from "./handlers.js";
import { splitImages } from "./network.js";
import type { ImagesView } from "./viewer.js";

/** Steps that a run of the command is trained further, until another number is chosen. */
const FURTHER = 10;
/** Files decoded at the same time. */
const MOST_FILES = 2000;

const start = tabConfig("images", imagesConfig);

export const { config } = start;
export const opened = signal<ImagesOpened | undefined>(undefined);
/** Description of the training images, and progress of reading files. */
export const source = signal("");
/** The user's pictures, kept to be read again in another size; none for digits. */
const files = signal<readonly File[] | undefined>(undefined);
export const ownPictures = computed(() => files.value !== undefined);
export const reading = signal<(Progress & { abort: AbortController }) | undefined>(undefined);
export const sourceProblem = signal<string | undefined>(undefined);
/** A run of the command that was read; none for a network of the page. */
export const command = signal<ReadRun | undefined>(undefined);
/** What was saved last. */
export const note = signal<string | undefined>(undefined);
/** The image with the shown ledger. */
export const chosen = signal<
  Readonly<{ name: string; image: Uint8Array; ledger?: Float32Array }> | undefined
>(undefined);

/** Shape of the open images. */
export const shape = computed<ImageShape>(() => opened.value?.shape ?? [1, SIDES[0], SIDES[0]]);

/** Image i of several, one after another in memory. */
export const imageOf = (images: Uint8Array, i: number): Uint8Array => {
  const size = numbersOf(shape.value);
  return images.slice(i * size, (i + 1) * size);
};

/** The ledgers of the images of the finished example, by their names. */
const ledgers = signal<Readonly<Record<string, Float32Array>>>({});

const worker = connectLater();

export const run = makeRun<ImagesView, ImagesOpened>({
  tab: start,
  opened,
  train: (args, options) => worker().call("images.train", args, options),
  reset: (): Promise<void> => (run.stored.value ? openOwn() : open(false)),
  async save() {
    const { bytes, bpd, examples } = await worker().call("images.save", {});
    download("run.zip", bytes, "application/zip");
    note.value = `run.zip has ${bpd.toFixed(5)} bits per dimension on ${examples} held-out images, as flowify evaluate computes it.`;
  },
});
let openings = 0;

/** Opens the present configuration, one call after another in the worker. The page shows the last one opened. */
async function open(keep: boolean, images?: RunImages): Promise<void> {
  openings++;
  run.stored.value = false;
  const opening = openings;
  const current = (): boolean => opening === openings;
  await run.stop();
  const wanted = config.value;
  try {
    if (!keep) {
      run.clear();
      chosen.value = undefined;
    }
    const args = { config: wanted, keep, fromRun: command.value !== undefined, ...(images && { images }) };
    const result = await worker().call("images.open", args);
    if (!current()) return;
    opened.value = result;
    if (config.value.running) return run.train();
    const view = await worker().call("images.view", {});
    if (current()) run.show(view);
  } catch (error) {
    if (current()) run.problem.value = wordsOf(error);
  }
}

let choices = 0;
let decided = 0;

/** A choice of images; the function is true once they are read, unless images that were chosen later were read before. */
function choice(): () => boolean {
  choices++;
  const own = choices;
  return () => {
    if (own < decided) return false;
    decided = own;
    return true;
  };
}

/** Opens the digits that come with the page, and a network of the page. */
export async function openOwn(): Promise<void> {
  command.value = undefined;
  await openDigits(config.value.side);
}

const openDigits = (side: number): Promise<void> =>
  run.attempt(async () => {
    const isLast = choice();
    const digits = await digitsOf(side);
    if (!isLast()) return;
    files.value = undefined;
    source.value = `digits of MNIST, ${side} × ${side} pixels.`;
    await open(false, digits);
  });

/** Shows the finished example; where the address asks for another configuration, opens that. */
export async function begin(): Promise<void> {
  if (run.stored.value)
    await showStored("images", { opened, source, view: run.view, curve: run.curve, ledgers });
  else void openOwn();
}

/** Opens a run of the command: on digits if it takes them, else on pictures that are chosen next. */
export async function openRunFiles(chosenFiles: readonly File[]): Promise<void> {
  sourceProblem.value = undefined;
  try {
    const found = await worker().call("images.read", { files: chosenFiles });
    const { step, learningRate, shape: wanted } = found;
    command.value = found;
    start.change({ learningRate, steps: step + FURTHER, running: false });
    const side = SIDES.find((each) => wanted.join() === `1,${each},${each}`);
    if (side !== undefined) return await openDigits(side);
    await run.stop();
    run.clear();
    opened.value = undefined;
    source.value = `none yet. ${found.network} takes images of ${wanted.join(" × ")}: open pictures.`;
  } catch (error) {
    sourceProblem.value = wordsOf(error);
  }
}

/** Trains on the user's pictures, scaled to the size of the run, or in grey to that of the page. Names the files that are no pictures. */
export async function openFiles(chosenFiles: readonly File[]): Promise<void> {
  const isLast = choice();
  const abort = new AbortController();
  sourceProblem.value = undefined;
  const { side } = config.value;
  const wanted: ImageShape = command.value?.shape ?? [1, side, side];
  try {
    if (chosenFiles.length > MOST_FILES)
      throw new Error(`Found ${chosenFiles.length} files, expected at most ${MOST_FILES}. Choose fewer.`);
    const { pixels, count, skipped } = await readPictures(chosenFiles, wanted, (done) => {
      abort.signal.throwIfAborted();
      reading.value = { stage: "reading the files", done, of: chosenFiles.length, abort };
    });
    const left = skipped.length > 0 ? ` Not readable as pictures: ${firstOf(skipped)}.` : "";
    const fewest = command.value ? 1 : FEWEST;
    if (count < fewest)
      throw new Error(
        `Found ${count} pictures, expected at least ${fewest}. Archives have to be unpacked.${left}`,
      );
    if (!isLast()) return;
    files.value = chosenFiles;
    const grey = command.value ? "" : `, in grey, of ${side} × ${side} pixels`;
    source.value = `${count} pictures${grey}.${left}`;
    void open(false, splitImages(pixels, "pictures", wanted));
  } catch (error) {
    sourceProblem.value = abort.signal.aborted ? "Reading was cancelled." : wordsOf(error);
  } finally {
    reading.value = undefined;
  }
}

/** Changes the configuration. A change of network or seed restarts training. */
export function configure(change: Partial<ImagesConfig>, { keep = false } = {}): void {
  start.change(change);
  void open(keep && run.problem.value === undefined);
}

/** Changes the size: the images are read again. */
export function resize(side: ImagesConfig["side"]): void {
  start.change({ side });
  void (files.value ? openFiles(files.value) : openOwn());
}

/** Computes the ledger of one image. */
export async function choose(name: string, image: Uint8Array): Promise<void> {
  chosen.value = { name, image };
  await run.attempt(async () => {
    const ledger = run.stored.value ? ledgers.value[name]! : await worker().call("images.score", { image });
    if (chosen.value?.image === image) chosen.value = { name, image, ledger };
  });
}
