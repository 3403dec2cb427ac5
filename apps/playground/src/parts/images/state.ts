import { signal } from "@preact/signals";
import { configFor, writeConfig } from "../../shell/route.js";
import { loadDigits } from "../../ui/digits.js";
import { download } from "../../ui/download.js";
import { onceMore } from "../../ui/once-more.js";
import { wordsOf } from "../../ui/problem.js";
import { restWhileHidden } from "../../ui/rest-while-hidden.js";
import { makeRun } from "../../ui/run.js";
import { type Connection, connect } from "../../worker/client.js";
import { readPictures } from "../exchange/pictures.js";
import type { GivenImages, ImagesOpened, ImagesView } from "./calls.js";
import { FEWEST, type ImagesConfig, imagesConfig, PIXELS, SIDE } from "./config.js";

/** Files that are opened at once. */
const MOST_FILES = 2000;

const DIGITS_OF_MNIST = "digits of MNIST.";

const start = configFor("images", imagesConfig);

export const config = signal<ImagesConfig>(start.value);
export const addressProblem = start.problem;
export const opened = signal<ImagesOpened | undefined>(undefined);
/** What is trained on, in words; and how far the reading of files is. */
export const source = signal(DIGITS_OF_MNIST);
export const reading = signal<Readonly<{ done: number; of: number; abort: AbortController }> | undefined>(
  undefined,
);
export const sourceProblem = signal<string | undefined>(undefined);
/** The image whose ledger is shown. */
export const chosen = signal<
  Readonly<{ name: string; image: Uint8Array; ledger?: Float32Array }> | undefined
>(undefined);
/** Two images, and those on the line between their latents. */
export const ends = signal<readonly [number, number]>([0, 1]);
export const between = signal<Uint8Array>(new Uint8Array());
/** Samples: those of the view, or later ones of another temperature. */
export const samples = signal<Uint8Array>(new Uint8Array());

/** One of images that stand one after the other. */
export const imageOf = (images: Uint8Array, i: number): Uint8Array =>
  images.slice(i * PIXELS, (i + 1) * PIXELS);

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
});

let openings = 0;

/** Opens what the configuration says, in the worker's turn; what is opened after it is what the page shows. */
async function open(keep: boolean, images?: GivenImages): Promise<void> {
  openings++;
  const opening = openings;
  const current = (): boolean => opening === openings;
  await run.stop();
  const wanted = config.value;
  try {
    if (!keep) run.clear();
    const result = await worker().call("images.open", { config: wanted, keep, ...(images && { images }) });
    if (!current()) return;
    opened.value = result;
    if (config.value.running) run.train();
    else await look(current);
  } catch (error) {
    if (current()) run.problem.value = wordsOf(error);
  }
}

/** Shows what is open as it is. */
async function look(current: () => boolean): Promise<void> {
  const view = await worker().call("images.view", {});
  if (current()) run.show(view);
}

/** Starts with the digits that come with the page. */
export async function begin(): Promise<void> {
  try {
    const { train, test } = await loadDigits();
    source.value = DIGITS_OF_MNIST;
    await open(false, { parts: [train, test], side: 2 * SIDE });
  } catch (error) {
    run.problem.value = wordsOf(error);
  }
}

export const reset = (): Promise<void> => open(false);

/** Trains on pictures of one's own, made grey and small; what is no picture is named. */
export async function openFiles(files: readonly File[]): Promise<void> {
  const abort = new AbortController();
  sourceProblem.value = undefined;
  try {
    if (files.length > MOST_FILES)
      throw new Error(`These are ${files.length} files: at most ${MOST_FILES} are read.`);
    const { pixels, count, skipped } = await readPictures(files, [1, SIDE, SIDE], (done) => {
      abort.signal.throwIfAborted();
      reading.value = { done, of: files.length, abort };
    });
    const named = `${skipped.slice(0, 3).join(", ")}${skipped.length > 3 ? ", …" : ""}`;
    const left = skipped.length > 0 ? ` ${skipped.length} are no pictures that can be read: ${named}.` : "";
    if (count < FEWEST)
      throw new Error(
        `${count} of ${files.length} files are pictures: ${FEWEST} at least are needed.${left}`,
      );
    source.value = `${count} pictures.${left}`;
    void open(false, { parts: [pixels], side: SIDE });
  } catch (error) {
    sourceProblem.value = abort.signal.aborted ? "Reading was cancelled." : wordsOf(error);
  } finally {
    reading.value = undefined;
  }
}

/** Changes the configuration; where the network or the seed changes, training starts anew. */
export function configure(change: Partial<ImagesConfig>, { keep = false } = {}): void {
  config.value = { ...config.value, ...change };
  writeConfig("images", config.value);
  void open(keep && run.problem.value === undefined);
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

/** Asks for the ledger of one image. */
export async function choose(name: string, image: Uint8Array): Promise<void> {
  chosen.value = { name, image };
  try {
    const ledger = await worker().call("images.score", { image });
    if (chosen.value?.image === image) chosen.value = { name, image, ledger };
  } catch (error) {
    run.problem.value = wordsOf(error);
  }
}

/** Computes the images between the two ends, those that are chosen last. */
export const interpolate = onceMore(async () => {
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
