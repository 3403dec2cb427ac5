import { signal } from "@preact/signals";
import type { Progress } from "../../run/train-run.js";
import { configFor, writeConfig } from "../../shell/route.js";
import { type Digits, digitAt, imagesOf, loadDigits } from "../../ui/digits.js";
import { download } from "../../ui/download.js";
import { wordsOf } from "../../ui/problem.js";
import { type Connection, connect } from "../../worker/client.js";
import type { OnnxFiles, OpenedNetwork, Reading, Variants } from "./calls.js";
import { type NetworkConfig, networkConfig } from "./config.js";
import { onnxFilesOf } from "./files.js";

const start = configFor("network", networkConfig);

export const config = signal<NetworkConfig>(start.value);
export const problem = signal(start.problem);
export const progress = signal<Progress | undefined>(undefined);
export const opened = signal<OpenedNetwork | undefined>(undefined);
export const digits = signal<Digits | undefined>(undefined);
export const digit = signal<Uint8Array<ArrayBuffer>>(new Uint8Array(784));
export const reading = signal<Reading | undefined>(undefined);
/** Training steps of the inverses so far; undefined before there are start values. */
export const learnt = signal<{ step: number; bpd: number } | undefined>(undefined);
export const variants = signal<Variants | undefined>(undefined);

let connection: Connection | undefined;
let files: OnnxFiles | undefined;
let stopping: AbortController | undefined;

export async function begin(): Promise<void> {
  try {
    digits.value ??= await loadDigits();
    if (config.value.digit >= 0) digit.value = digitAt(digits.value.test, config.value.digit);
  } catch (error) {
    problem.value = wordsOf(error);
  }
}

export function change(next: Partial<NetworkConfig>): void {
  config.value = { ...config.value, ...next };
  writeConfig("network", config.value);
}

/** Gives the density up, not the network. */
export function forget(): void {
  learnt.value = undefined;
  reading.value = undefined;
  variants.value = undefined;
}

/** One thing at a time: progress while it runs, words where it fails; what was cancelled leaves none. */
async function working(stage: string, work: (worker: Connection) => Promise<void>): Promise<void> {
  if (progress.value) return;
  progress.value = { stage, done: 0, of: 1 };
  problem.value = undefined;
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

/** Ends training after its step; anything else by stopping the worker, which forgets the network. */
export function cancel(): void {
  if (stopping) stopping.abort();
  else reset();
}

function reset(): void {
  connection?.close();
  connection = undefined;
  opened.value = undefined;
  forget();
}

export const openFiles = (dropped: readonly File[]): Promise<void> =>
  working("reading the file", async () => {
    reset();
    files = await onnxFilesOf(dropped);
    await reopen({});
  });

/** Another input, output or shape of the same file. */
export const openAgain = (choice: Pick<OnnxFiles, "input" | "output" | "inputShape">): Promise<void> =>
  working("reading the file", async () => {
    reset();
    await reopen(choice);
  });

async function reopen(choice: Pick<OnnxFiles, "input" | "output" | "inputShape">): Promise<void> {
  if (!files) return;
  files = { ...files, ...choice };
  connection ??= connect();
  opened.value = await connection.call("network.open", files, { onEvent: tell });
}

/** Start values (0 steps), or training of the inverses; then the digit is read again. */
export const learn = (steps: number): Promise<void> =>
  working("starting from the digits", async (worker) => {
    if (!digits.value) return;
    stopping = steps > 0 ? new AbortController() : undefined;
    const { normalization } = config.value;
    learnt.value = await worker.call(
      "network.learn",
      { normalization, images: imagesOf(digits.value), steps },
      { onEvent: tell, ...(stopping && { signal: stopping.signal }) },
    );
    reading.value = await worker.call("network.read", { pixels: digit.value });
    variants.value = undefined;
  });

/** Another digit: what the network and its flow say of it. */
export async function show(pixels: Uint8Array<ArrayBuffer>, bundled = -1): Promise<void> {
  digit.value = pixels;
  change({ digit: bundled });
  if (!learnt.value) return;
  await working("reading the digit", async (worker) => {
    // the digit may have been drawn further meanwhile
    for (let read: Uint8Array | undefined; read !== digit.value; ) {
      read = digit.value;
      reading.value = await worker.call("network.read", { pixels: read });
    }
    variants.value = undefined;
  });
}

export const drawVariants = (): Promise<void> =>
  working("drawing variants", async (worker) => {
    const { count, temperature, seed } = config.value;
    variants.value = await worker.call("network.variants", { pixels: digit.value, count, temperature, seed });
  });

export const save = (): Promise<void> =>
  working("packing the run", async (worker) => {
    const { bytes } = await worker.call("network.save", {});
    download("run.zip", bytes, "application/zip");
  });
