import { UsageError } from "@flowify/core";
import { openRun } from "../../run/open-run.js";
import { runFilesOf } from "../../run/run-files.js";
import { saveRun } from "../../run/save-run.js";
import {
  bestOf,
  continued,
  newRun,
  type RunImages,
  type RunSession,
  type RunStart,
  startRun,
} from "../../run/session.js";
import { serialQueue } from "../../ui/coalesce.js";
import { toPixels } from "../../ui/pixels.js";
import { openBackend } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import { buffersOf } from "../../worker/training.js";
import type { ImagesCalls, ImagesOpened, ImagesView } from "./calls.js";
import { FEWEST, numbersOf, SAMPLES } from "./config.js";
import { imagesRun } from "./network.js";
import { imagesViewer, ledgerOf } from "./viewer.js";

/** Milliseconds between two views. */
const VIEW_EVERY = 1000;

let images: RunImages | undefined;
/** The run of the command that was read last. */
let read: RunStart | undefined;
let session: RunSession<ImagesView> | undefined;
/** Temperature of the samples of a view: the last requested one. */
let temperature = 1;

/** Each opening disposes of the earlier flow; calls in between wait for it. */
const inTurn = serialQueue();

const opened = (): Promise<RunSession<ImagesView>> =>
  inTurn(async () => {
    if (!session) throw new UsageError("no flow is open yet");
    return session;
  });

type OpenArgs = ImagesCalls["images.open"]["args"];

/** The run to open: the one that was read, the present one with other settings, or a new one. */
async function runFor({ config, keep, fromRun }: OpenArgs, on: RunImages): Promise<RunStart> {
  const { steps, learningRate } = config;
  if (keep && session) {
    const { state } = await session.training.kept();
    const { metrics } = await bestOf(session);
    return continued({ ...session.run, metrics, state }, on, { steps, learningRate });
  }
  if (fromRun && read) return continued(read, on, { steps, learningRate });
  if (on.train.length < FEWEST * (5 / 6) * numbersOf(on.shape))
    throw new UsageError(`too few pictures, expected at least ${FEWEST}`);
  return newRun(imagesRun(config, on), on);
}

async function open(args: OpenArgs): Promise<ImagesOpened> {
  images = args.images ?? images;
  const on = images;
  if (!on) throw new UsageError(`too few pictures, expected at least ${FEWEST}`);
  temperature = args.config.temperature;
  const run = await runFor(args, on);
  const kept = args.keep ? await session?.training.kept() : undefined;
  await session?.training.dispose();
  session = undefined;
  const { seed } = run.config.training;
  const made = await startRun<ImagesView>(run, {
    executor: await openBackend(args.config.device),
    images: on,
    best: kept?.best,
    viewer: imagesViewer(on.heldOut, seed, () => temperature),
  });
  session = made;
  const { device, parameters, taken } = made.training;
  const { likelihood, ledgerLines: ledger } = run.flow;
  return { device, parameters, taken, likelihood, shape: on.shape, ledger };
}

export const imagesHandlers: Handlers<keyof ImagesCalls> = {
  "images.open": (args) => inTurn(() => open(args)),

  async "images.read"({ files }) {
    const run = await openRun(await runFilesOf(files));
    read = run;
    const { network, data, training } = run.config;
    const { learningRate } = training;
    const { step } = run.state;
    return { network, data: data.name, shape: data.shape, step, learningRate, skipped: run.skipped };
  },

  "images.train": async ({ steps }, { emit, signal }) =>
    (await opened()).training.run({
      steps,
      signal,
      viewEvery: VIEW_EVERY,
      emit: (event) => emit(event, event.kind === "view" ? buffersOf(event.view) : []),
    }),

  "images.view": async () => (await opened()).training.view(),

  "images.sample": async ({ temperature: wanted, seed }) => {
    const { training } = await opened();
    temperature = wanted;
    return training.withModel(async (model) =>
      toPixels(await model.sampleFlat(SAMPLES, { temperature: wanted, seed })),
    );
  },

  "images.score": async ({ image }) =>
    (await opened()).training.withModel(async (model) => ledgerOf(await model.evaluate(image))),

  async "images.save"(_, { transfer }) {
    const of = await opened();
    const heldOut = images?.heldOut ?? new Uint8Array();
    const { bpd, examples } = await of.training.withModel((model) => model.evaluate(heldOut));
    const bytes = await saveRun(await bestOf(of));
    transfer(bytes.buffer);
    return { bytes, bpd, examples };
  },
};
