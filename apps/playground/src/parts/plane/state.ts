import { batch, computed, signal } from "@preact/signals";
import { configFor, writeConfig } from "../../shell/route.js";
import { download } from "../../ui/download.js";
import { makeHistory } from "../../ui/history.js";
import { wordsOf } from "../../ui/problem.js";
import { type Connection, connect } from "../../worker/client.js";
import type { Description, Opened, PlaneEvent, PlaneView } from "./calls.js";
import { type PlaneConfig, type PlaneLayer, planeConfig } from "./config.js";

/** Samples on the page: those of the last few views. */
const SAMPLES_KEPT = 2048;
/** Milliseconds that the editor waits for a further change. */
const SETTLE = 250;

const start = configFor("plane", planeConfig);

export const config = signal<PlaneConfig>(start.value);
export const description = signal<Description | undefined>(undefined);
export const opened = signal<Opened | undefined>(undefined);
export const view = signal<PlaneView | undefined>(undefined);
export const samples = signal<Float32Array>(new Float32Array());
/** log p of the batch of every step so far; and of held-out points, at each view. */
export const curve = signal<
  Readonly<{ batches: readonly number[]; heldOut: readonly (readonly [number, number])[] }>
>({
  batches: [],
  heldOut: [],
});
export const training = signal(false);
/** What went wrong, in words: with the address, the network, the data, or the training. */
export const problems = signal<Readonly<{ address?: string; network?: string; training?: string }>>(
  start.problem ? { address: start.problem } : {},
);
/** Said once where it happens, for those who do not see the page. */
export const status = signal("");

export const step = computed(() => Math.max(curve.value.batches.length, view.value?.step ?? 0));
const history = makeHistory<readonly PlaneLayer[]>(start.value.layers);
export const { canUndo, canRedo } = history;

let connection: Connection | undefined;
let run: { abort: AbortController; done: Promise<void> } | undefined;
let settling: ReturnType<typeof setTimeout> | undefined;

const worker = (): Connection => {
  connection ??= connect();
  return connection;
};
const say = (problem: Partial<(typeof problems)["value"]>): void => {
  problems.value = { ...problems.value, ...problem };
};

function clear(): void {
  batch(() => {
    view.value = undefined;
    samples.value = new Float32Array();
    curve.value = { batches: [], heldOut: [] };
  });
}

function show(next: PlaneView): void {
  batch(() => {
    view.value = next;
    const all = new Float32Array(samples.value.length + next.samples.length);
    all.set(next.samples);
    all.set(samples.value, next.samples.length);
    samples.value = all.subarray(0, 2 * SAMPLES_KEPT);
    const { batches, heldOut } = curve.value;
    curve.value = { batches, heldOut: [...heldOut, [next.step, next.logProb]] };
  });
}

function receive(event: PlaneEvent): void {
  if (event.kind === "view") show(event.view);
  else if (event.kind === "fallback") status.value = `${event.why}: training goes on in Wasm.`;
  else
    curve.value = {
      ...curve.value,
      batches: [...curve.value.batches.slice(0, event.first), ...event.values],
    };
}

/** Opens what the configuration says; with `keep` the parameters and the curve stay. */
async function open(keep: boolean): Promise<void> {
  await pauseQuietly();
  const wanted = config.value;
  const current = (): boolean => wanted === config.value;
  try {
    const found = await worker().call("plane.describe", { config: wanted });
    if (!current()) return;
    description.value = found;
    const [{ network: _n, training: _t, ...others }] = [problems.value];
    problems.value = others;
  } catch (error) {
    if (current()) say({ network: wordsOf(error) });
    return;
  }
  try {
    if (!keep) clear();
    const result = await worker().call("plane.open", { config: wanted, keep });
    if (!current()) return;
    opened.value = result;
    if (wanted.running) train();
    else show(await worker().call("plane.view", {}));
  } catch (error) {
    if (current()) say({ training: wordsOf(error) });
  }
}

async function pauseQuietly(): Promise<void> {
  run?.abort.abort();
  await run?.done;
}

export const begin = (): Promise<void> => open(false);

/** Changes the configuration and opens it, once changes have settled. */
export function configure(change: Partial<PlaneConfig>, { keep = false } = {}): void {
  config.value = { ...config.value, ...change };
  writeConfig("plane", config.value);
  clearTimeout(settling);
  settling = setTimeout(() => void open(keep && problems.value.training === undefined), SETTLE);
}

export function setLayers(layers: readonly PlaneLayer[]): void {
  history.push(layers);
  configure({ layers: [...layers] });
}
export const undo = (): void => configure({ layers: [...history.undo()] });
export const redo = (): void => configure({ layers: [...history.redo()] });

function remember(running: boolean): void {
  config.value = { ...config.value, running };
  writeConfig("plane", config.value);
}

/** Trains on; `steps` steps, or until paused. */
export function train(steps?: number): void {
  if (run) return;
  const abort = new AbortController();
  const go = async (): Promise<void> => {
    try {
      const { finished, taken } = await worker().call("plane.train", steps === undefined ? {} : { steps }, {
        onEvent: receive,
        signal: abort.signal,
      });
      if (finished) status.value = `Trained: all ${taken} steps are taken.`;
    } catch (error) {
      say({ training: wordsOf(error) });
    }
    run = undefined;
    training.value = false;
  };
  training.value = true;
  run = { abort, done: go() };
}

export function play(): void {
  remember(true);
  train();
}
export async function pause(): Promise<void> {
  remember(false);
  await pauseQuietly();
  status.value = `Paused after step ${step.value}.`;
}
export function reset(): void {
  status.value = "Start values again.";
  void open(false);
}

export async function save(): Promise<void> {
  try {
    const bytes = await worker().call("plane.save", {});
    download("plane.safetensors", bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    say({ training: wordsOf(error) });
  }
}
