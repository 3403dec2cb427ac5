import { computed, signal } from "@preact/signals";
import { configFor, writeConfig } from "../../shell/route.js";
import { coalesce } from "../../ui/coalesce.js";
import { loadDigits } from "../../ui/digits.js";
import { DIGITS } from "../../ui/digits-file.js";
import { download } from "../../ui/download.js";
import { wordsOf } from "../../ui/problem.js";
import { restWhileHidden } from "../../ui/rest-while-hidden.js";
import { makeRun } from "../../ui/run.js";
import { type Connection, connect } from "../../worker/client.js";
import { readPictures } from "../exchange/pictures.js";
import type { ImagesOpened, ImagesView, PretrainedImages } from "./calls.js";
import { FEWEST, type ImageShape, type ImagesConfig, imagesConfig, numbersOf, SIDES } from "./config.js";
import { joined } from "./network.js";

/** Files decoded at the same time. */
const MOST_FILES = 2000;

const start = configFor("images", imagesConfig);

export const config = signal<ImagesConfig>(start.value);
export const addressProblem = start.problem;
export const opened = signal<ImagesOpened | undefined>(undefined);
/** Description of the training images, and progress of reading files. */
export const source = signal("");
/** The user's pictures, kept to be read again in another size; none for digits. */
const files = signal<readonly File[] | undefined>(undefined);
export const ownPictures = computed(() => files.value !== undefined);
export const reading = signal<Readonly<{ done: number; of: number; abort: AbortController }> | undefined>(
  undefined,
);
export const sourceProblem = signal<string | undefined>(undefined);
/** The image with the shown ledger. */
export const chosen = signal<
  Readonly<{ name: string; image: Uint8Array; ledger?: Float32Array }> | undefined
>(undefined);
/** Two images, and the images between their latents. */
export const ends = signal<readonly [number, number]>([0, 1]);
export const between = signal<Uint8Array>(new Uint8Array());
/** Samples: those of the view, or later ones at another temperature. */
export const samples = signal<Uint8Array>(new Uint8Array());

/** Shape of the open images. */
export const shape = computed<ImageShape>(() => opened.value?.shape ?? [1, SIDES[0], SIDES[0]]);

/** Image i of several, one after another in memory. */
export const imageOf = (images: Uint8Array, i: number): Uint8Array => {
  const size = numbersOf(shape.value);
  return images.slice(i * size, (i + 1) * size);
};

let connection: Connection | undefined;
const worker = (): Connection => {
  connection ??= connect();
  return connection;
};

export const run = makeRun<ImagesView, ImagesOpened>(opened, (args, options) =>
  worker().call("images.train", args, options),
);
restWhileHidden("images", run);
run.view.subscribe((view) => {
  samples.value = view?.samples ?? new Uint8Array();
  if (view) void interpolate();
  else between.value = new Uint8Array();
});

let openings = 0;

/** Opens the present configuration, one call after another in the worker. The page shows the last one opened. */
async function open(keep: boolean, images?: PretrainedImages): Promise<void> {
  openings++;
  const opening = openings;
  const current = (): boolean => opening === openings;
  await run.stop();
  const wanted = config.value;
  try {
    if (!keep) {
      run.clear();
      chosen.value = undefined;
    }
    const result = await worker().call("images.open", { config: wanted, keep, ...(images && { images }) });
    if (!current()) return;
    opened.value = result;
    if (config.value.running) run.train();
    else await look(current);
  } catch (error) {
    if (current()) run.problem.value = wordsOf(error);
  }
}

/** Shows the open flow. */
async function look(current: () => boolean): Promise<void> {
  const view = await worker().call("images.view", {});
  if (current()) run.show(view);
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

/** Starts with the digits that come with the page. */
export async function begin(): Promise<void> {
  const isLast = choice();
  try {
    const { train, test } = await loadDigits();
    if (!isLast()) return;
    files.value = undefined;
    const { side } = config.value;
    const digits = joined([train, test]);
    source.value = `digits of MNIST, ${side} × ${side} pixels.`;
    await open(false, { bytes: digits, side: DIGITS.shape[1], shape: [1, side, side] });
  } catch (error) {
    run.problem.value = wordsOf(error);
  }
}

export const reset = (): Promise<void> => open(false);

/** Describes the pictures after reading. */
function describePictures(count: number, { coloured, kept }: { coloured: boolean; kept: boolean }): string {
  const { side, colour } = config.value;
  const size = `${side} × ${side} pixels`;
  if (kept)
    return `${count} pictures in colour, ${size}: ${3 * side ** 2} numbers each, so a step takes several times as long as with grey ones.`;
  if (!coloured) return `${count} pictures, grey, ${size}.`;
  const why = colour ? ` In colour the page reads at most ${SIDES[0]} × ${SIDES[0]} pixels.` : "";
  return `${count} pictures, converted to grey, ${size}.${why}`;
}

/** Whether some picture of [n, 3, H, W] has a colour. */
function hasColour(pixels: Uint8Array, plane: number): boolean {
  return pixels.some((value, i) => value !== pixels[i - (i % (3 * plane)) + (i % plane)]);
}

/** Trains on the user's pictures, scaled down. Names the files that are not pictures. */
export async function openFiles(chosenFiles: readonly File[]): Promise<void> {
  const isLast = choice();
  const abort = new AbortController();
  sourceProblem.value = undefined;
  const { side, colour } = config.value;
  const read = (channels: 1 | 3) =>
    readPictures(chosenFiles, [channels, side, side], (done) => {
      abort.signal.throwIfAborted();
      reading.value = { done, of: chosenFiles.length, abort };
    });
  try {
    if (chosenFiles.length > MOST_FILES)
      throw new Error(`Found ${chosenFiles.length} files, expected at most ${MOST_FILES}. Choose fewer.`);
    const { pixels, count, skipped } = await read(3);
    const coloured = hasColour(pixels, side ** 2);
    const kept = coloured && colour && side === SIDES[0];
    const named = `${skipped.slice(0, 3).join(", ")}${skipped.length > 3 ? ", …" : ""}`;
    const left = skipped.length > 0 ? ` Not readable as pictures: ${named}.` : "";
    if (count < FEWEST)
      throw new Error(
        `${count} of ${chosenFiles.length} files are pictures, expected at least ${FEWEST}.${left}`,
      );
    const bytes = kept ? pixels : (await read(1)).pixels;
    if (!isLast()) return;
    files.value = chosenFiles;
    source.value = `${describePictures(count, { coloured, kept })}${left}`;
    void open(false, { bytes, side, shape: [kept ? 3 : 1, side, side] });
  } catch (error) {
    sourceProblem.value = abort.signal.aborted ? "Reading was cancelled." : wordsOf(error);
  } finally {
    reading.value = undefined;
  }
}

/** Changes the configuration. A change of network or seed restarts training. */
export function configure(change: Partial<ImagesConfig>, { keep = false } = {}): void {
  config.value = { ...config.value, ...change };
  writeConfig("images", config.value);
  void open(keep && run.problem.value === undefined);
}

/** Changes size or colours: the images are read again. */
export function reread(change: Partial<Pick<ImagesConfig, "side" | "colour">>): void {
  remember(change);
  void (files.value ? openFiles(files.value) : begin());
}

function remember(change: Partial<ImagesConfig>): void {
  config.value = { ...config.value, ...change };
  writeConfig("images", config.value);
}

export function play(): void {
  remember({ running: true });
  run.train();
}
export function pause(): void {
  remember({ running: false });
  void run.stop();
}

export async function setTemperature(temperature: number): Promise<void> {
  remember({ temperature });
  if (!opened.value) return;
  try {
    samples.value = await worker().call("images.sample", { temperature, seed: config.value.seed });
  } catch (error) {
    run.problem.value = wordsOf(error);
  }
}

/** Computes the ledger of one image. */
export async function choose(name: string, image: Uint8Array): Promise<void> {
  chosen.value = { name, image };
  try {
    const ledger = await worker().call("images.score", { image });
    if (chosen.value?.image === image) chosen.value = { name, image, ledger };
  } catch (error) {
    run.problem.value = wordsOf(error);
  }
}

/** Computes the images between the two chosen ends. */
export const interpolate = coalesce(async () => {
  const view = run.view.value;
  if (!view) return;
  const [from, to] = ends.value.map((i) => imageOf(view.originals, i)) as [Uint8Array, Uint8Array];
  try {
    between.value = await worker().call("images.between", { from, to });
  } catch (error) {
    run.problem.value = wordsOf(error);
  }
});

export async function save(): Promise<void> {
  try {
    const bytes = await worker().call("images.save", {});
    download("images.safetensors", bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    run.problem.value = wordsOf(error);
  }
}
