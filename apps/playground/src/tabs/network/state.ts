import { signal } from "@preact/signals";
import { configFor, writeConfig } from "../../shell/route.js";
import { type Digits, digitAt, imagesOf, loadDigits } from "../../ui/digits.js";
import { download } from "../../ui/download.js";
import { wordsOf } from "../../ui/problem.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import type { ExamplePreimages, Learnt, OnnxFiles, OpenedNetwork, Reading } from "./calls.js";
import { type NetworkConfig, networkConfig } from "./config.js";
import { EXAMPLE, exampleFile, onnxFilesOf } from "./files.js";

const first = configFor("network", networkConfig);

export const config = signal<NetworkConfig>(first.value);
export const addressProblem = first.problem;
export const opened = signal<OpenedNetwork | undefined>(undefined);
export const digits = signal<Digits | undefined>(undefined);
export const digit = signal<Uint8Array<ArrayBuffer>>(new Uint8Array(784));
export const reading = signal<Reading | undefined>(undefined);
/** How far the inverses are; undefined before there are start values. */
export const learnt = signal<Learnt | undefined>(undefined);
export const preimages = signal<ExamplePreimages | undefined>(undefined);

/** True once the reader has chosen files: the example gives way to them, refused or not. */
let chosen = false;
/** The files that are open or were refused, with what was chosen of them. */
export const files = signal<OnnxFiles | undefined>(undefined);
/** What there is to choose of the files; it stays while they are opened again. */
export const offered = signal<Pick<OpenedNetwork, "inputs" | "outputs" | "needsShape"> | undefined>(
  undefined,
);
/** True where the network is not the reader's. */
export const isExample = (): boolean => files.value?.file === EXAMPLE;

const work = makeWork(undefined, () => {
  opened.value = undefined;
  forget();
});
export const { progress, soft, problem, cancel } = work;
const { start, tell } = work;

/** Shows the digit of the address, and the network that the page brings along. */
export async function begin(): Promise<void> {
  try {
    digits.value ??= await loadDigits();
    if (config.value.digit >= 0) digit.value = digitAt(digits.value.test, config.value.digit);
  } catch (error) {
    problem.value = wordsOf(error);
    return;
  }
  if (!chosen) await openExample();
}

export function change(next: Partial<NetworkConfig>): void {
  config.value = { ...config.value, ...next };
  writeConfig("network", config.value);
}

/** Gives the density up, not the network. */
export function forget(): void {
  learnt.value = undefined;
  reading.value = undefined;
  preimages.value = undefined;
}

/** Opens what these files hold; whatever goes on is given up for it. */
async function open(stage: string, read: () => Promise<OnnxFiles>, then?: typeof makeDensity): Promise<void> {
  await work.reset();
  await start(stage, async (worker) => {
    files.value = await read();
    opened.value = await worker.call("network.open", files.value, { onEvent: tell });
    offered.value = opened.value;
    await then?.(worker);
  });
}

export function openFiles(dropped: readonly File[]): Promise<void> {
  chosen = true;
  offered.value = undefined;
  return open("reading the file", () => onnxFilesOf(dropped));
}

export function openExample(): Promise<void> {
  offered.value = undefined;
  return open("reading the example", exampleFile, makeDensity);
}

/** Another input, output or shape of the same file. */
export async function openAgain(choice: Pick<OnnxFiles, "input" | "output" | "inputShape">): Promise<void> {
  const { value: same } = files;
  if (same) await open("reading the file", async () => ({ ...same, ...choice }));
}

/** Start values of the inverses; then the digit is read. */
async function makeDensity(worker: Connection): Promise<void> {
  if (!digits.value) return;
  const { normalization, device: backend } = config.value;
  const args = { normalization, backend, images: imagesOf(digits.value) };
  learnt.value = await worker.call("network.begin", args, { onEvent: tell });
  await readDigit(worker);
}

async function readDigit(worker: Connection): Promise<void> {
  // the digit may have been drawn further meanwhile
  for (let read: Uint8Array | undefined; read !== digit.value; ) {
    read = digit.value;
    reading.value = await worker.call("network.read", { pixels: read });
  }
  preimages.value = undefined;
}

/** Makes it a density; what is computed can be ended as a whole. */
export const learn = (): Promise<void> => start("starting from the digits", makeDensity);

/** Ended early, training stops after its step and keeps what it has learnt. */
export const train = (steps: number): Promise<void> =>
  start(
    "training",
    async (worker, signal) => {
      if (!digits.value) return;
      const args = { images: imagesOf(digits.value), steps };
      learnt.value = await worker.call("network.train", args, { onEvent: tell, signal });
      await readDigit(worker);
    },
    "soft",
  );

/** Another digit: what the network and its flow say of it. */
export async function show(pixels: Uint8Array<ArrayBuffer>, bundled = -1): Promise<void> {
  digit.value = pixels;
  change({ digit: bundled });
  if (learnt.value) await start("reading the digit", readDigit);
}

export const drawPreimages = (): Promise<void> =>
  start("sampling preimages", async (worker) => {
    const { count, temperature, seed } = config.value;
    preimages.value = await worker.call("network.preimages", {
      pixels: digit.value,
      count,
      temperature,
      seed,
    });
  });

export const save = (): Promise<void> =>
  start("packing the run", async (worker) => {
    const { bytes } = await worker.call("network.save", {});
    download("run.zip", bytes, "application/zip");
  });
