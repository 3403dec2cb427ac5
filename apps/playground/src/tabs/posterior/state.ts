import { computed, signal } from "@preact/signals";
import * as v from "valibot";
import { configFor, writeConfig } from "../../shell/route.js";
import { coalesce } from "../../ui/coalesce.js";
import { download } from "../../ui/files.js";
import { wordsOf } from "../../ui/problem.js";
import { showStored } from "../../ui/stored-view.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import type { Answer, PosteriorFacts, Ranks } from "./calls.js";
import { type PosteriorConfig, posteriorConfig, storedFile, taskViews } from "./config.js";

const first = configFor("posterior", posteriorConfig);

export const config = signal<PosteriorConfig>(first.value);
export const view = computed(() => taskViews[config.value.task]);
export const observed = signal<readonly number[]>(view.value.observed);
/** The parameters that the observation was simulated from, where that is known. */
export const truth = signal<readonly number[] | undefined>(undefined);
export const facts = signal<PosteriorFacts | undefined>(undefined);
export const answer = signal<Answer | undefined>(undefined);
export const ranks = signal<Ranks | undefined>(undefined);

/** The worker whose posterior is shown; none as long as what is shown came with the page. */
let asked: Connection | undefined;

const work = makeWork(first.problem, () => {
  asked = undefined;
  for (const each of [facts, answer, ranks]) each.value = undefined;
});
export const { progress, problem, cancel } = work;

/** What the present worker is asked beside the tasks: its errors are said, unless it was closed. */
const question = async (does: () => Promise<void>): Promise<void> => {
  try {
    await does();
  } catch (error) {
    if (asked) problem.value = wordsOf(error);
  }
};

/** The samples for the present observation; dragging asks again and again. */
const ask = coalesce(() =>
  question(async () => {
    answer.value = await asked?.call("posterior.ask", { observed: observed.value });
  }),
);

/** The posterior of a simulator that came with the page. */
async function storedOf(task: PosteriorConfig["task"]): Promise<Uint8Array> {
  const file = await fetch(storedFile(task));
  if (!file.ok) throw new Error(`The posterior could not be loaded (${file.status}). Reload the page.`);
  return new Uint8Array(await file.arrayBuffer());
}

/** A task on the posterior that is shown: the worker that lacks it opens the one that came with the page. */
const startOnShown = (stage: string, does: (worker: Connection) => Promise<void>): Promise<void> =>
  work.start(stage, async (worker) => {
    if (asked !== worker) {
      work.tell({ stage: "loading the posterior, once", done: 0, of: 1 });
      const { task, device } = config.value;
      const usual = v.parse(posteriorConfig, { task, device });
      facts.value = await worker.call("posterior.open", { config: usual, stored: await storedOf(task) });
      asked = worker;
      work.tell({ stage, done: 0, of: 1 });
    }
    await does(worker);
  });

const judge = async (worker: Connection): Promise<void> => {
  await ask();
  work.tell({ stage: "checking the calibration", done: 1, of: 1 });
  ranks.value = await worker.call("posterior.check", {});
};

export const train = (): Promise<void> =>
  work.start(
    "simulating",
    async (worker, signal) => {
      asked = undefined;
      for (const each of [facts, ranks]) each.value = undefined;
      const options = { signal, onEvent: work.tell };
      facts.value = await worker.call("posterior.open", { config: config.value }, options);
      asked = worker;
      await judge(worker);
    },
    "soft",
  );

/** With the settings of the posterior that came with the page opens that, else trains one. */
function openOrTrain(): Promise<void> {
  const { task, device } = config.value;
  const own = JSON.stringify(v.parse(posteriorConfig, { task, device })) === JSON.stringify(config.value);
  return own ? startOnShown("asking", judge) : train();
}

/** Shows the finished example; where the address asks for another configuration, opens or trains that. */
export async function begin(): Promise<void> {
  if (first.bare) await showStored("posterior", { facts, answer, ranks });
  else if (!first.problem) void openOrTrain();
}

export function change(next: Partial<PosteriorConfig>): void {
  config.value = { ...config.value, ...next };
  writeConfig("posterior", config.value);
}

/** Another simulator: with its own posterior. */
export async function choose(task: PosteriorConfig["task"]): Promise<void> {
  await work.reset();
  change({ task });
  observe(view.value.observed);
  await openOrTrain();
}

/** Another observation, and the parameters that it comes from where they are known. */
export function observe(next: readonly number[], from?: readonly number[]): void {
  observed.value = next;
  truth.value = from;
  if (asked) void ask();
  else if (facts.value) void startOnShown("asking", ask);
}

let simulated = 0;
const simulate = (worker: Connection): Promise<void> =>
  question(async () => {
    const found = await worker.call("posterior.simulate", { seed: ++simulated });
    observe(found.observed, found.theta);
  });
export const simulateAnother = (): Promise<void> =>
  asked ? simulate(asked) : startOnShown("simulating", simulate);

export const save = (): Promise<void> =>
  startOnShown("writing the file", async (worker) => {
    download("posterior.onnx", await worker.call("posterior.save", {}));
  });
