import { computed, signal } from "@preact/signals";
import * as v from "valibot";
import type { Progress } from "../../run/session.js";
import { tabConfig } from "../../shell/route.js";
import { coalesce } from "../../ui/coalesce.js";
import { download } from "../../ui/files.js";
import { wordsOf } from "../../ui/problem.js";
import { showStored } from "../../ui/stored-view.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import type { Answer, PosteriorFacts, Ranks } from "./calls.js";
import {
  OWN_EXAMPLE,
  type PosteriorConfig,
  posteriorConfig,
  storedFile,
  type TaskView,
  taskViews,
} from "./config.js";

const first = tabConfig("posterior", posteriorConfig);

export const { config, change } = first;
/** The simulator of one's own, as it stands in the box, and how the one that was trained is shown. Not in the address: a link shall not run code. */
export const source = signal(OWN_EXAMPLE);
const ownView = signal<TaskView>(taskViews.own);
export const view = computed(() =>
  config.value.task === "own" ? ownView.value : taskViews[config.value.task],
);
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
  if (task === "own") throw new Error("Train first: no posterior of your own simulator comes with the page.");
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

/** Seconds without a word after which a simulator is stopped: 256 of its runs take that long, or one never ends. */
const SILENCE = 20;

/** Stops the worker where it has said nothing for long while it simulates. */
function watching(simulates: () => boolean) {
  const end = (): void => clearTimeout(timer);
  const start = () =>
    setTimeout(() => {
      if (!simulates()) return;
      void work.reset().then(() => {
        problem.value = `The simulator said nothing for ${SILENCE} seconds, so it was stopped. Does it end?`;
      });
    }, 1000 * SILENCE);
  let timer = start();
  return {
    again(): void {
      end();
      timer = start();
    },
    end,
  };
}

export const train = (): Promise<void> =>
  work.start(
    "simulating",
    async (worker, signal) => {
      asked = undefined;
      for (const each of [facts, ranks]) each.value = undefined;
      const watch = watching(
        () => config.value.task === "own" && work.progress.value?.stage === "simulating",
      );
      const onEvent = (now: Progress): void => {
        watch.again();
        work.tell(now);
      };
      const own = config.value.task === "own" ? source.value : undefined;
      try {
        const asking = { config: config.value, source: own };
        const found = await worker.call("posterior.open", asking, { signal, onEvent });
        if (found.view) {
          ownView.value = found.view;
          observed.value = found.view.observed;
          truth.value = undefined;
        }
        facts.value = found;
        asked = worker;
        await judge(worker);
      } finally {
        watch.end();
      }
    },
    "soft",
  );

/** With the settings of the posterior that came with the page opens that, else trains one. */
function openOrTrain(): Promise<void> {
  const { task, device } = config.value;
  if (task === "own") return Promise.resolve(); // trained once it is written
  const own = JSON.stringify(v.parse(posteriorConfig, { task, device })) === JSON.stringify(config.value);
  return own ? startOnShown("asking", judge) : train();
}

/** Shows the finished example; where the address asks for another configuration, opens or trains that. */
export async function begin(): Promise<void> {
  if (first.bare) await showStored("posterior", { facts, answer, ranks });
  else if (!first.problem) void openOrTrain();
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
