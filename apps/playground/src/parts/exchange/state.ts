import { signal } from "@preact/signals";
import type { Progress, RunImages } from "../../run/train-run.js";
import { configFor, writeConfig } from "../../shell/route.js";
import { imagesOf, loadDigits } from "../../ui/digits.js";
import { DIGITS } from "../../ui/digits-file.js";
import { download } from "../../ui/download.js";
import { wordsOf } from "../../ui/problem.js";
import { type Connection, connect } from "../../worker/client.js";
import type { Measured, RunSummary } from "./calls.js";
import { type ExchangeConfig, exchangeConfig } from "./config.js";

const start = configFor("exchange", exchangeConfig);

export const config = signal<ExchangeConfig>(start.value);
export const problem = signal(start.problem);
export const progress = signal<Progress | undefined>(undefined);
export const run = signal<RunSummary | undefined>(undefined);
export const images = signal<RunImages | undefined>(undefined);
export const measured = signal<Measured | undefined>(undefined);
export const samples = signal<Uint8Array | undefined>(undefined);
/** Files that were no pictures, or what an export has written. */
export const note = signal<string | undefined>(undefined);

let connection: Connection | undefined;
let stopping: AbortController | undefined;

export function change(next: Partial<ExchangeConfig>): void {
  config.value = { ...config.value, ...next };
  writeConfig("exchange", config.value);
}

/** One thing at a time: progress while it runs, words where it fails; what was cancelled leaves none. */
async function working(stage: string, work: (worker: Connection) => Promise<void>): Promise<void> {
  if (progress.value) return;
  progress.value = { stage, done: 0, of: 1 };
  problem.value = undefined;
  note.value = undefined;
  try {
    connection ??= connect();
    await work(connection);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) problem.value = wordsOf(error);
  } finally {
    progress.value = undefined;
    stopping = undefined;
  }
}

const tell = (now: Progress): void => {
  progress.value = now;
};

/** Ends training after its step, with what it has learnt; anything else by stopping the worker, which forgets the run. */
export function cancel(): void {
  if (stopping) {
    stopping.abort();
    return;
  }
  connection?.close();
  connection = undefined;
  run.value = undefined;
}

const bundled = async (): Promise<RunImages> => imagesOf(await loadDigits());

async function opened(summary: RunSummary, worker: Connection): Promise<void> {
  run.value = summary;
  samples.value = undefined;
  measured.value = undefined;
  images.value = summary.shape.join() === DIGITS.shape.join() ? await bundled() : undefined;
  await look(worker);
}

/** What is shown of a run: its likelihood, where there are images, and samples. */
async function look(worker: Connection): Promise<void> {
  if (images.value) measured.value = await worker.call("exchange.measure", { images: images.value.measure });
  const { count, temperature, seed } = config.value;
  samples.value = (await worker.call("exchange.sample", { count, temperature, seed })).images;
}

export const openFiles = (files: readonly File[]): Promise<void> =>
  working("reading the run", async (worker) =>
    opened(
      await worker.call("exchange.open", { files, backend: config.value.device }, { onEvent: tell }),
      worker,
    ),
  );

export const beginDense = (): Promise<void> =>
  working("start values", async (worker) => {
    const args = { images: await bundled(), seed: config.value.seed, backend: config.value.device };
    await opened(await worker.call("exchange.begin", args, { onEvent: tell }), worker);
  });

export const choosePictures = (files: readonly File[]): Promise<void> =>
  working("reading pictures", async (worker) => {
    const { pixels, count, skipped } = await worker.call("exchange.pictures", { files }, { onEvent: tell });
    if (!run.value) return;
    images.value = { name: "pictures", shape: [...run.value.shape], train: pixels, measure: pixels };
    const left =
      skipped.length > 0
        ? `, ${skipped.length} that are none left out: ${skipped.slice(0, 3).join(", ")}`
        : "";
    await look(worker);
    note.value = `${count} pictures${left}.`;
  });

export const train = (): Promise<void> =>
  working("training", async (worker) => {
    if (!images.value || !run.value) return;
    stopping = new AbortController();
    run.value = await worker.call(
      "exchange.train",
      { images: images.value, steps: config.value.steps },
      { onEvent: tell, signal: stopping.signal },
    );
    await look(worker);
  });

export const draw = (): Promise<void> => working("drawing samples", look);

export const save = (): Promise<void> =>
  working("packing the run", async (worker) => {
    const { bytes } = await worker.call("exchange.save", {});
    download("run.zip", bytes, "application/zip");
  });

export const exportOnnx = (): Promise<void> =>
  working("writing ONNX files", async (worker) => {
    const { bytes, files } = await worker.call("exchange.export", {}, { onEvent: tell });
    download("onnx.zip", bytes, "application/zip");
    note.value = `onnx.zip holds ${files.join(", ")}.`;
  });
