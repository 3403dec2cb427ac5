import { computed, signal } from "@preact/signals";
import * as v from "valibot";
import { configFor, writeConfig } from "../../shell/route.js";
import { coalesce } from "../../ui/coalesce.js";
import { download } from "../../ui/files.js";
import { wordsOf } from "../../ui/problem.js";
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

let asked: Connection | undefined;

const work = makeWork(first.problem, () => {
  asked = undefined;
  for (const each of [facts, answer, ranks]) each.value = undefined;
});
export const { progress, problem, cancel } = work;

/** The samples for the present observation; dragging asks again and again. */
const ask = coalesce(async () => {
  try {
    answer.value = await asked?.call("posterior.ask", { observed: observed.value });
  } catch (error) {
    if (asked) problem.value = wordsOf(error);
  }
});

/** Opens the posterior that came with the page if the settings are its own, else trains one. */
async function open(stored?: Uint8Array): Promise<void> {
  await work.start(
    stored ? "opening" : "simulating",
    async (worker, ending) => {
      asked = undefined;
      for (const each of [facts, ranks]) each.value = undefined;
      const options = { signal: ending, onEvent: work.tell };
      facts.value = await worker.call(
        "posterior.open",
        { config: config.value, ...(stored && { stored }) },
        options,
      );
      asked = worker;
      work.tell({ stage: "asking", done: 1, of: 1 });
      await ask();
      work.tell({ stage: "checking the calibration", done: 1, of: 1 });
      ranks.value = await worker.call("posterior.check", {});
    },
    "soft",
  );
}

export const train = (): Promise<void> => open();

/** The settings are those of the posterior that came with the page: it is opened, else one is trained. */
async function openOrTrain(): Promise<void> {
  const { task, device } = config.value;
  const own = JSON.stringify(v.parse(posteriorConfig, { task, device })) === JSON.stringify(config.value);
  const file = own ? await fetch(storedFile(task)).catch(() => undefined) : undefined;
  await (file?.ok ? open(new Uint8Array(await file.arrayBuffer())) : train());
}

export async function begin(): Promise<void> {
  if (!first.problem) await openOrTrain();
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
}

let simulated = 0;
export async function simulateAnother(): Promise<void> {
  const found = await asked?.call("posterior.simulate", { seed: ++simulated });
  if (found) observe(found.observed, found.theta);
}

export const save = (): Promise<void> =>
  work.start("writing the file", async (worker) => {
    download("posterior.onnx", await worker.call("posterior.save", {}));
  });
