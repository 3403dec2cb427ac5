import { signal } from "@preact/signals";
import type { RunImages, Trained } from "../../run/train-run.js";
import { configFor, writeConfig } from "../../shell/route.js";
import { imagesOf, loadDigits } from "../../ui/digits.js";
import { DIGITS } from "../../ui/digits-file.js";
import { download } from "../../ui/download.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import type { Measured, RunSummary } from "./calls.js";
import { type ExchangeConfig, exchangeConfig } from "./config.js";

const first = configFor("exchange", exchangeConfig);

export const config = signal<ExchangeConfig>(first.value);
export const run = signal<RunSummary | undefined>(undefined);
export const images = signal<RunImages | undefined>(undefined);
export const measured = signal<Measured | undefined>(undefined);
export const samples = signal<Uint8Array | undefined>(undefined);
/** Result of the last training. */
export const trained = signal<Trained | undefined>(undefined);
/** Message about skipped files, or about the files of an export. */
export const note = signal<string | undefined>(undefined);

const work = makeWork(first.problem, () => {
  run.value = undefined;
});
export const { progress, soft, problem, cancel } = work;
const { tell } = work;

const start: typeof work.start = (...what) => {
  if (!progress.value) note.value = undefined;
  return work.start(...what);
};

export function change(next: Partial<ExchangeConfig>): void {
  config.value = { ...config.value, ...next };
  writeConfig("exchange", config.value);
}

const bundled = async (): Promise<RunImages> => imagesOf(await loadDigits());

async function opened(summary: RunSummary, worker: Connection): Promise<void> {
  run.value = summary;
  samples.value = undefined;
  measured.value = undefined;
  trained.value = undefined;
  images.value = summary.shape.join() === DIGITS.shape.join() ? await bundled() : undefined;
  await look(worker);
}

/** Results of a run: its likelihood, if there are images, and samples. */
async function look(worker: Connection): Promise<void> {
  if (images.value) measured.value = await worker.call("exchange.measure", { images: images.value.measure });
  const { count, temperature, seed } = config.value;
  samples.value = (await worker.call("exchange.sample", { count, temperature, seed })).images;
}

export const openFiles = (files: readonly File[]): Promise<void> =>
  start("reading the run", async (worker) => {
    const args = { files, backend: config.value.device };
    await opened(await worker.call("exchange.open", args, { onEvent: tell }), worker);
  });

export const beginDense = (): Promise<void> =>
  start("initializing", async (worker) => {
    const args = { images: await bundled(), seed: config.value.seed, backend: config.value.device };
    await opened(await worker.call("exchange.begin", args, { onEvent: tell }), worker);
  });

/** Fewest pictures of which some are held out. With fewer, the training pictures decide which state is kept. */
const FEWEST_SPLIT = 40;

/** Pictures to train on and, the last sixth, to hold out; all of them are measured. */
function splitPictures(pixels: Uint8Array, count: number): Omit<RunImages, "name" | "shape"> {
  const kept = count < FEWEST_SPLIT ? count : count - Math.floor(count / 6);
  const train = pixels.slice(0, (kept * pixels.length) / count);
  return {
    train,
    heldOut: kept < count ? pixels.slice(train.length) : train,
    measure: pixels,
  };
}

export const choosePictures = (files: readonly File[]): Promise<void> =>
  start("reading pictures", async (worker) => {
    const { pixels, count, skipped } = await worker.call("exchange.pictures", { files }, { onEvent: tell });
    if (!run.value) return;
    const { shape } = run.value;
    images.value = { name: "pictures", shape: [...shape], ...splitPictures(pixels, count) };
    const left = skipped.length > 0 ? `, ${skipped.length} skipped: ${skipped.slice(0, 3).join(", ")}` : "";
    await look(worker);
    note.value = `${count} pictures${left}.`;
  });

/** When stopped early, training ends after the current step and keeps its state. */
export const train = (): Promise<void> =>
  start(
    "training",
    async (worker, signal) => {
      if (!images.value || !run.value) return;
      const args = { images: images.value, steps: config.value.steps };
      const done = await worker.call("exchange.train", args, { onEvent: tell, signal });
      run.value = done.summary;
      trained.value = done.trained;
      await look(worker);
    },
    "soft",
  );

export const draw = (): Promise<void> => start("sampling", look);

export const save = (): Promise<void> =>
  start("packing the run", async (worker) => {
    const { bytes } = await worker.call("exchange.save", {});
    download("run.zip", bytes, "application/zip");
  });

export const exportOnnx = (): Promise<void> =>
  start("writing ONNX files", async (worker) => {
    const { bytes, files } = await worker.call("exchange.export", {}, { onEvent: tell });
    download("onnx.zip", bytes, "application/zip");
    note.value = `onnx.zip holds ${files.join(", ")}.`;
  });
