import { UsageError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { simulators, trainPosterior } from "flowify/posterior/browser";
import type { Progress } from "../../run/session.js";
import { serialQueue } from "../../ui/coalesce.js";
import { nameOf, openBackend, orInWasm } from "../../worker/backend.js";
import type { CallContext } from "../../worker/messages.js";
import { type PosteriorConfig, seriesView, type TaskView } from "./config.js";
import { type OwnTask, ownTask, type Task } from "./own.js";
import { trainingOf } from "./training.js";

/** Samples for an observation, and how many of them are simulated again. */
const [DRAWS, AGAIN] = [2000, 30] as const;
/** Simulations that judge a posterior, and samples for each. */
const CHECK = { simulations: 400, draws: 59 } as const;
/** Seconds after which training ends. */
const LIMIT = 25;

const inTurn = serialQueue();
type Found = Awaited<ReturnType<typeof trainPosterior>>;
let session: Readonly<{ found: Found; task: Task }> | undefined;

/** Simulations whose numbers decide the axis of a simulator that was written into the page. */
const SHOWN_BY = 200;

function ownView({ prior, simulate, parameters }: OwnTask): TaskView {
  const seen = Array.from({ length: SHOWN_BY }, (_, i) => {
    const random = makeRng(i, 8);
    return Array.from(simulate(Float64Array.from(prior.sample(random)), random));
  });
  const sorted = seen.flat().toSorted((a, b) => a - b);
  const [low = 0, high = 1] = [0.005, 0.995].map((p) => sorted[Math.floor(p * sorted.length)]);
  const room = 0.1 * (high - low) || 1;
  const observed = (seen[0] ?? []).map((value) => Number(value.toPrecision(4)));
  const range = [low - room, high + room].map((end) => Number(end.toPrecision(2)));
  return seriesView(observed.length, range as [number, number], { parameters, observed });
}

/** The simulator that is wanted, and how to show it where the page does not know. */
async function taskOf({ task }: PosteriorConfig, source = ""): Promise<Task & { view?: () => TaskView }> {
  if (task !== "own") return simulators[task];
  const own = await ownTask(source);
  return { ...own, view: () => ownView(own) };
}

const opened = () => {
  if (session) return session;
  throw new UsageError("no posterior is open");
};

type Asked = Readonly<{ config: PosteriorConfig; stored?: Uint8Array; source?: string | undefined }>;

export type PosteriorFacts = Awaited<ReturnType<(typeof posteriorHandlers)["posterior.open"]>>;
/** What an observation says. */
export type Answer = Awaited<ReturnType<(typeof posteriorHandlers)["posterior.ask"]>>;
export type Ranks = Awaited<ReturnType<(typeof posteriorHandlers)["posterior.check"]>>;

/** Calls to the worker of the posterior tab. */
export const posteriorHandlers = {
  /** Trains a posterior, or opens the one that came with the page. The signal ends the training: the best so far stays. */
  "posterior.open": ({ config, stored, source }: Asked, { signal, emit }: CallContext<Progress>) =>
    inTurn(async () => {
      const task = await taskOf(config, source);
      const last = session?.found;
      session = undefined;
      await last?.dispose().catch(() => {}); // the arrays of a lost device are lost
      return orInWasm(await openBackend(config.device), async (executor, why) => {
        const began = performance.now();
        const taken = (): number => (performance.now() - began) / 1000;
        let training = false;
        const ending = {
          get aborted() {
            return training && (signal.aborted || taken() > LIMIT);
          },
        };
        const options = {
          ...trainingOf(config, task),
          executor,
          signal: ending,
          onProgress(stage: string, done: number) {
            training = stage === "training";
            emit({ stage, done, of: 1 });
          },
        };
        const found = await trainPosterior(options, { before: stored ? [stored] : [] });
        session = { found, task };
        return {
          device: why === undefined ? nameOf(executor) : `Wasm (${why})`,
          simulations: config.simulations,
          failures: found.failures,
          /** 0: it came with the page. */
          seconds: stored ? 0 : taken(),
          /** How to show a simulator that was written into the page. */
          view: task.view?.(),
        };
      });
    }),

  "posterior.ask": ({ observed }: { observed: readonly number[] }, { transfer }: CallContext) =>
    inTurn(async () => {
      const { found } = opened();
      const { note } = found.typicality({ observed });
      const rows = await found.sample(DRAWS, { observed });
      const draws = Float32Array.from(rows.flatMap((row) => [...row]));
      const again = await found.predictive(AGAIN, { observed });
      const predicted = again.map((row) => Float32Array.from(row));
      transfer(draws.buffer);
      /** Samples of the parameters, one after another; what is simulated from some; a word on an observation unlike all simulated. */
      return { draws, predicted, note };
    }),

  /** A simulation: parameters of the prior, and their observation. */
  "posterior.simulate": async ({ seed }: { seed: number }) => {
    const { task } = opened();
    const random = makeRng(seed, 9);
    const theta = task.prior.sample(random);
    return {
      theta: Array.from(theta),
      observed: Array.from(task.simulate(Float64Array.from(theta), random)),
    };
  },

  /** Simulation-based calibration of each parameter. */
  "posterior.check": () =>
    inTurn(async () => {
      const { ranks, simulations } = await opened().found.diagnose(CHECK);
      return { simulations, parameters: ranks.map(({ counts, band, p }) => ({ counts, band, p })) };
    }),

  /** The posterior as an ONNX file. */
  "posterior.save": (_: object, { transfer }: CallContext) =>
    inTurn(async () => {
      const bytes = new Uint8Array(opened().found.toOnnx());
      transfer(bytes.buffer);
      return bytes;
    }),
};
