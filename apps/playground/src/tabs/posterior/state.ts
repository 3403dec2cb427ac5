import { computed, signal } from "@preact/signals";
import * as v from "valibot";
import type { Progress } from "../../run/session.js";
import { tabConfig } from "../../shell/route.js";
import { coalesce } from "../../ui/coalesce.js";
import { besidePage, download } from "../../ui/files.js";
import { wordsOf } from "../../ui/problem.js";
import { showStored } from "../../ui/stored-view.js";
import { makeWork } from "../../ui/work.js";
import type { Connection } from "../../worker/client.js";
import {
  OWN_EXAMPLE,
  type PosteriorConfig,
  posteriorConfig,
  storedFile,
  type TaskView,
  taskViews,
} from "./config.js";
import type { Answer, PosteriorFacts, Ranks } from "./handlers.js";

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

export const work = makeWork(
  () => {
    for (const each of [facts, answer, ranks]) each.value = undefined;
  },
  async (worker) => {
    const { task, device } = config.value;
    const usual = v.parse(posteriorConfig, { task, device });
    facts.value = await worker.call("posterior.open", { config: usual, stored: await storedOf(task) });
  },
);
/** What the present worker is asked beside the tasks: its errors are said, unless it was closed. */
const question = async (does: () => Promise<void>): Promise<void> => {
  try {
    await does();
  } catch (error) {
    if (work.holder) work.problem.value = wordsOf(error);
  }
};

/** The samples for the present observation; dragging asks again and again. */
const ask = coalesce(() =>
  question(async () => {
    answer.value = await work.holder?.call("posterior.ask", { observed: observed.value });
  }),
);

/** The posterior of a simulator that came with the page. */
async function storedOf(task: PosteriorConfig["task"]): Promise<Uint8Array> {
  if (task === "own") throw new Error("Train first: no posterior of your own simulator comes with the page.");
  return new Uint8Array(await (await besidePage(storedFile(task))).arrayBuffer());
}

const judge = async (worker: Connection): Promise<void> => {
  await ask();
  work.tell({ stage: "checking the calibration", done: 1, of: 1 });
  ranks.value = await worker.call("posterior.check", {});
};

/** Seconds without a word after which a simulator is stopped: 256 of its runs take that long, or one never ends; a worker starts first. */
const SILENCE = { first: 60, next: 20 } as const;

/** Stops the worker where it says nothing for long while it simulates; to be told of every word, and to be ended. */
function watching() {
  let timer = 0;
  const end = (): void => clearTimeout(timer);
  const stop = async (seconds: number): Promise<void> => {
    if (config.value.task !== "own" || work.progress.value?.stage !== "simulating") return;
    await work.reset();
    work.problem.value = `The simulator said nothing for ${seconds} seconds, so it was stopped. Does it end?`;
  };
  const wait = (seconds: number): void => {
    end();
    timer = window.setTimeout(() => void stop(seconds), 1000 * seconds);
  };
  wait(SILENCE.first);
  return { again: () => wait(SILENCE.next), end };
}

export const train = (): Promise<void> =>
  work.start(
    "simulating",
    async (worker, signal) => {
      work.holder = undefined;
      for (const each of [facts, ranks]) each.value = undefined;
      const watch = watching();
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
        work.holder = worker;
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
  return own ? work.startOnShown("asking", judge) : train();
}

/** Shows the finished example; where the address asks for another configuration, opens or trains that. */
export async function begin(): Promise<void> {
  if (first.bare) await showStored("posterior", { facts, answer, ranks });
  else void openOrTrain();
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
  if (work.holder) void ask();
  else if (facts.value) void work.startOnShown("asking", ask);
}

let simulated = 0;
const simulate = (worker: Connection): Promise<void> =>
  question(async () => {
    const found = await worker.call("posterior.simulate", { seed: ++simulated });
    observe(found.observed, found.theta);
  });
export const simulateAnother = (): Promise<void> =>
  work.holder ? simulate(work.holder) : work.startOnShown("simulating", simulate);

export const save = (): Promise<void> =>
  work.startOnShown("writing the file", async (worker) => {
    download("posterior.onnx", await worker.call("posterior.save", {}));
  });
