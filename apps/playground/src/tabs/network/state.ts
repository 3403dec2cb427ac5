import { signal } from "@preact/signals";
import { tabConfig } from "../../shell/route.js";
import { type Digits, digitAt, imagesOf, loadDigits } from "../../ui/digits.js";
import { download } from "../../ui/files.js";
import { wordsOf } from "../../ui/problem.js";
import { showStored } from "../../ui/stored-view.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import type { ExamplePreimages, Learnt, OnnxFiles, OpenedNetwork, Reading } from "./calls.js";
import { networkConfig } from "./calls.js";
import { EXAMPLE, exampleFile, onnxFilesOf } from "./files.js";

const first = tabConfig("network", networkConfig);

export const { config, change } = first;
export const addressProblem = first.problem;
export const opened = signal<OpenedNetwork | undefined>(undefined);
export const digits = signal<Digits | undefined>(undefined);
export const digit = signal<Uint8Array<ArrayBuffer>>(new Uint8Array(784));
export const reading = signal<Reading | undefined>(undefined);
/** Progress of the inverses; undefined before initialization. */
export const learnt = signal<Learnt | undefined>(undefined);
export const preimages = signal<ExamplePreimages | undefined>(undefined);

/** True once the user has chosen files, accepted or not: the example then stays hidden. */
let chosen = false;
/** The open or refused files, with the chosen input, output and shape. */
export const files = signal<OnnxFiles | undefined>(undefined);
/** The choices that the files offer; they stay while the files are opened again. */
export const offered = signal<Pick<OpenedNetwork, "inputs" | "outputs" | "needsShape"> | undefined>(
  undefined,
);
/** True for the example network. */
export const isExample = (): boolean => files.value?.file === EXAMPLE;

const work = makeWork(undefined, () => {
  opened.value = undefined;
  forget();
});
export const { progress, soft, problem, cancel } = work;
const { start, tell } = work;

/** Whether the page shows the finished example that it came with: the worker has nothing yet. */
let stored = first.bare;

/** Shows the finished example; where the address asks for another configuration, computes it. */
export async function begin(): Promise<void> {
  if (stored) await showStored("network", { opened, files, digit, learnt, reading });
  void compute();
}

/** Loads the digits, and where nothing is shown yet, opens the example network on that of the address. */
async function compute(): Promise<void> {
  try {
    digits.value ??= await loadDigits();
    if (stored) return;
    if (config.value.digit >= 0) digit.value = digitAt(digits.value.test, config.value.digit);
  } catch (error) {
    problem.value = wordsOf(error);
    return;
  }
  if (!chosen) await openExample();
}

/** Discards the density, not the network. */
export function forget(): void {
  learnt.value = undefined;
  reading.value = undefined;
  preimages.value = undefined;
}

/** A task on the network that is shown: the worker opens the finished example first. */
const startOnNetwork: typeof start = (stage, does, how) =>
  start(
    stage,
    async (worker, signal) => {
      if (stored) {
        stored = false;
        digits.value ??= await loadDigits();
        files.value = await exampleFile();
        await worker.call("network.open", files.value, { onEvent: tell });
        await begun(worker, digits.value);
        tell({ stage, done: 0, of: 1 });
      }
      await does(worker, signal);
    },
    how,
  );

/** Opens the network of these files and cancels any work in progress. */
async function open(stage: string, read: () => Promise<OnnxFiles>, then?: typeof makeDensity): Promise<void> {
  await work.reset();
  stored = false;
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

/** Initializes the inverses, then evaluates the digit. */
async function makeDensity(worker: Connection): Promise<void> {
  if (!digits.value) return;
  learnt.value = await begun(worker, digits.value);
  await readDigit(worker);
}

function begun(worker: Connection, of: Digits): Promise<Learnt> {
  const { normalization, device: backend } = config.value;
  return worker.call("network.begin", { normalization, backend, images: imagesOf(of) }, { onEvent: tell });
}

async function readDigit(worker: Connection): Promise<void> {
  // the digit may have changed meanwhile
  for (let read: Uint8Array | undefined; read !== digit.value; ) {
    read = digit.value;
    reading.value = await worker.call("network.read", { pixels: read });
  }
  preimages.value = undefined;
}

/** Makes it a density; cancelling discards the computation. */
export const learn = (): Promise<void> => startOnNetwork("initializing from the digits", makeDensity);

/** When stopped early, training ends after the current step and keeps its state. */
export const train = (steps: number): Promise<void> =>
  startOnNetwork(
    "training",
    async (worker, signal) => {
      if (!digits.value) return;
      const args = { images: imagesOf(digits.value), steps };
      learnt.value = await worker.call("network.train", args, { onEvent: tell, signal });
      await readDigit(worker);
    },
    "soft",
  );

/** Evaluates the network and its flow on another digit. */
export async function show(pixels: Uint8Array<ArrayBuffer>, bundled = -1): Promise<void> {
  digit.value = pixels;
  change({ digit: bundled });
  if (learnt.value) await startOnNetwork("evaluating the digit", readDigit);
}

export const drawPreimages = (): Promise<void> =>
  startOnNetwork("sampling preimages", async (worker) => {
    const { count, temperature, seed } = config.value;
    preimages.value = await worker.call("network.preimages", {
      pixels: digit.value,
      count,
      temperature,
      seed,
    });
  });

export const save = (): Promise<void> =>
  startOnNetwork("packing the run", async (worker) => {
    const { bytes } = await worker.call("network.save", {});
    download("run.zip", bytes, "application/zip");
  });
