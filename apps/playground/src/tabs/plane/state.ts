import { effect, signal } from "@preact/signals";
import * as v from "valibot";
import { tabConfig } from "../../shell/route.js";
import { download } from "../../ui/files.js";
import { wordsOf } from "../../ui/problem.js";
import { makeRun } from "../../ui/run.js";
import { showStored } from "../../ui/stored-view.js";
import { connectLater } from "../../worker/client.js";
import { type PlaneConfig, planeConfig } from "./config.js";
import type { Description, Opened } from "./handlers.js";
import type { PlaneView } from "./viewer.js";

/** Most samples on the page: those of the last few views. */
const SAMPLES_KEPT = 2048;
/** Delay of the editor for further changes, in milliseconds. */
const SETTLE = 250;

const start = tabConfig("plane", planeConfig);

export const { config } = start;
export const description = signal<Description | undefined>(undefined);
export const networkProblem = signal<string | undefined>(undefined);
export const opened = signal<Opened | undefined>(undefined);
export const samples = signal(new Float32Array());

let settling: ReturnType<typeof setTimeout> | undefined;

const worker = connectLater();

export const run = makeRun<PlaneView, Opened>({
  tab: start,
  opened,
  train: (args, options) => worker().call("plane.train", args, options),
  reset: () => open(false),
  async save() {
    const bytes = await worker().call("plane.save", {});
    download("plane.safetensors", bytes as Uint8Array<ArrayBuffer>);
  },
});

effect(() => {
  const fresh = run.view.value?.samples ?? [];
  const all = fresh.length > 0 ? [...fresh, ...samples.peek()] : [];
  samples.value = Float32Array.from(all.slice(0, 2 * SAMPLES_KEPT));
});

/** Opens the present configuration; with `keep` the parameters and the curve stay. */
async function open(keep: boolean): Promise<void> {
  await run.stop();
  run.stored.value = false;
  const wanted = config.value;
  const current = (): boolean => wanted === config.value;
  try {
    const found = await worker().call("plane.describe", { config: wanted });
    if (!current()) return;
    description.value = found;
    networkProblem.value = undefined;
  } catch (error) {
    if (current()) networkProblem.value = wordsOf(error);
    return;
  }
  try {
    if (!keep) run.clear();
    const result = await worker().call("plane.open", { config: wanted, keep });
    if (!current()) return;
    opened.value = result;
    if (wanted.running) run.train();
    else run.show(await worker().call("plane.view", {}));
  } catch (error) {
    if (current()) run.problem.value = wordsOf(error);
  }
}

/** Shows the finished example; where the address asks for another configuration, opens that. */
export async function begin(): Promise<void> {
  if (start.bare) await showStored("plane", { description, opened, view: run.view, curve: run.curve });
  else void run.reset();
}

/** Changes the configuration and opens it after a short delay. */
export function configure(change: Partial<PlaneConfig>, { keep = false } = {}): void {
  start.change(change);
  clearTimeout(settling);
  settling = setTimeout(() => void open(keep && run.problem.value === undefined), SETTLE);
}

/** Takes layers from lines of JSON; false, with the reason in words, where they are none. */
export function setLayers(text: string): boolean {
  try {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const layers = lines.map((line): unknown => JSON.parse(line));
    const { output, issues: [first] = [] } = v.safeParse(planeConfig.entries.layers, layers);
    if (first)
      throw new Error(`${first.path ? `line ${Number(first.path[0].key) + 1}, ` : ""}${first.message}`);
    configure({ layers: output as PlaneConfig["layers"] });
    return true;
  } catch (error) {
    networkProblem.value = `Expected a layer on each line, such as {"kind":"linear","out":2}: ${wordsOf(error)}`;
    return false;
  }
}
