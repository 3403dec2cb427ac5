import { signal } from "@preact/signals";
import { tabConfig } from "../../shell/route.js";
import { coalesce } from "../../ui/coalesce.js";
import { type Digits, digitAt, imagesOf, loadDigits } from "../../ui/digits.js";
import { wordsOf } from "../../ui/problem.js";
import { showStored } from "../../ui/stored-view.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import type { Result } from "../../worker/protocol.js";
import { networkConfig, type OnnxFiles } from "./calls.js";
import { EXAMPLE, exampleFile, onnxFilesOf } from "./files.js";

const first = tabConfig("network", networkConfig);

export const { config, change } = first;
export const opened = signal<Result<"network.open"> | undefined>(undefined);
export const digits = signal<Digits | undefined>(undefined);
export const digit = signal<Uint8Array<ArrayBuffer>>(new Uint8Array(784));
export const reading = signal<Result<"network.read"> | undefined>(undefined);
/** Bits per dimension of the test digits; undefined before the network is a density. */
export const bitsPerDimension = signal<number | undefined>(undefined);
export const preimages = signal<Result<"network.preimages"> | undefined>(undefined);
/** The share of held-out digits that are at least as unusual for the network, and how many these are. */
export const judged = signal<Readonly<{ p: number; heldOut: number }> | undefined>(undefined);
/** Has the guard judge the digit as it is now; undefined without one. */
let judge: (() => Promise<void>) | undefined;

/** True once the user has chosen files, accepted or not: the example then stays hidden. */
let chosen = false;
/** True for the example network. */
export const isExample = (): boolean => opened.value?.report.file === EXAMPLE;

const work = makeWork(
  () => {
    opened.value = undefined;
    forget();
  },
  async (worker) => {
    digits.value ??= await loadDigits();
    await worker.call("network.open", await exampleFile(), { onEvent: tell });
    await begun(worker, digits.value);
  },
);
export const { progress, problem, cancel } = work;
const { startOnShown, tell } = work;

/** Shows the finished example; where the address asks for another configuration, computes it. */
export async function begin(): Promise<void> {
  if (first.bare) await showStored("network", { opened, digit, bitsPerDimension, reading });
  void compute();
}

/** Loads the digits, and where nothing is shown yet, opens the example network on that of the address. */
async function compute(): Promise<void> {
  try {
    digits.value ??= await loadDigits();
    if (first.bare) return;
    if (config.value.digit >= 0) digit.value = digitAt(digits.value.test, config.value.digit);
  } catch (error) {
    problem.value = wordsOf(error);
    return;
  }
  if (!chosen) await openExample();
}

/** Discards the density, not the network. */
export function forget(): void {
  bitsPerDimension.value = undefined;
  reading.value = undefined;
  preimages.value = undefined;
  judged.value = undefined;
  judge = undefined;
}

/** Opens the network of these files and cancels any work in progress. */
async function open(stage: string, read: () => Promise<OnnxFiles>, then?: typeof makeDensity): Promise<void> {
  await work.reset();
  await work.start(stage, async (worker) => {
    opened.value = await worker.call("network.open", await read(), { onEvent: tell });
    work.holder = worker;
    await then?.(worker);
  });
}

export function openFiles(dropped: readonly File[]): Promise<void> {
  chosen = true;
  return open("reading the file", () => onnxFilesOf(dropped));
}

export const openExample = (): Promise<void> => open("reading the example", exampleFile, makeDensity);

/** Initializes the inverses, then evaluates the digit. */
async function makeDensity(worker: Connection): Promise<void> {
  if (!digits.value) return;
  bitsPerDimension.value = await begun(worker, digits.value);
  await readDigit(worker);
}

function begun(worker: Connection, of: Digits): Promise<number> {
  const { normalization, device: backend } = config.value;
  return worker.call("network.begin", { normalization, backend, images: imagesOf(of) }, { onEvent: tell });
}

async function readDigit(worker: Connection): Promise<void> {
  // the digit may have changed meanwhile
  for (let read: Uint8Array | undefined; read !== digit.value; ) {
    read = digit.value;
    reading.value = await worker.call("network.read", { pixels: read });
    await judge?.();
  }
  preimages.value = undefined;
}

/** Makes it a density; cancelling discards the computation. */
export const makeItDensity = (): Promise<void> => startOnShown("initializing from the digits", makeDensity);

/** Fits a guard of the network to the digits of the page. */
export const guardIt = (): Promise<void> =>
  startOnShown("fitting the guard", async (worker) => {
    if (!digits.value) return;
    const args = { train: digits.value.train, backend: config.value.device };
    const heldOut = await worker.call("network.guard", args, { onEvent: tell });
    judge = coalesce(async () => {
      judged.value = { p: await worker.call("network.judge", { pixels: digit.value }), heldOut };
    });
    await judge();
  });

/** The guard judges while one draws. */
export const drawing = (): void => void judge?.().catch(() => {}); // the worker may have ended

/** Evaluates the network and its flow on another digit. */
export async function show(pixels: Uint8Array<ArrayBuffer>, bundled = -1): Promise<void> {
  digit.value = pixels;
  change({ digit: bundled });
  if (reading.value) await startOnShown("evaluating the digit", readDigit);
}

export const drawPreimages = (): Promise<void> =>
  startOnShown("sampling preimages", async (worker) => {
    const { count, temperature, seed } = config.value;
    const args = { pixels: digit.value, count, temperature, seed };
    preimages.value = await worker.call("network.preimages", args);
  });
