import { UsageError } from "@flowify/core";
import { trainerOptions } from "flowify/format";
import { openRun } from "../../run/open-run.js";
import { runFilesOf } from "../../run/run-files.js";
import { saveRun } from "../../run/save-run.js";
import { bestOf, continued, type RunImages, type RunSession, type RunStart } from "../../run/session.js";
import { openBackend } from "../../worker/backend.js";
import type { CallContext } from "../../worker/messages.js";
import { type Kept, startTraining } from "../../worker/training.js";
import { trainingSession } from "../../worker/training-session.js";
import { FEWEST, type ImagesConfig, numbersOf } from "./config.js";
import { imagesRun } from "./network.js";
import { type ImagesView, imagesViewer, ledgerOf } from "./viewer.js";

/** Milliseconds between two views. */
const VIEW_EVERY = 1000;

let images: RunImages | undefined;
/** The run of the command that was read last. */
let read: RunStart | undefined;
const session = trainingSession<ImagesView, RunSession<ImagesView>>(VIEW_EVERY);

type OpenArgs = Readonly<{ config: ImagesConfig; images?: RunImages; keep: boolean; fromRun: boolean }>;

/** The run to open: the one that was read, the last one with other settings, or a new one. */
async function runFor(
  { config, keep, fromRun }: OpenArgs,
  on: RunImages,
  last: RunSession<ImagesView> | undefined,
): Promise<{ run: RunStart; best?: Kept["best"] }> {
  const { steps, learningRate } = config;
  if (keep && last) {
    const { state, best } = await last.training.kept();
    const { metrics } = await bestOf(last);
    return { run: await continued({ ...last.run, metrics, state }, on, { steps, learningRate }), best };
  }
  if (fromRun && read) return { run: await continued(read, on, { steps, learningRate }) };
  if (on.train.length < FEWEST * (5 / 6) * numbersOf(on.shape))
    throw new UsageError(`too few pictures, expected at least ${FEWEST}`);
  return { run: await imagesRun(config, on) };
}

/** The open flow: its device, and the names of the lines of its ledger. */
export type ImagesOpened = Awaited<ReturnType<typeof open>>;

/**
 * Restarts, with new images if there are some: a network of the configuration, or the run that was read. With `keep` it
 * continues with the present state and images.
 */
async function open(args: OpenArgs) {
  images = args.images ?? images;
  const on = images;
  if (!on) throw new UsageError(`too few pictures, expected at least ${FEWEST}`);
  const { run, training } = await session.open(
    (last) => runFor(args, on, last),
    async ({ run: start, best }) => {
      const { flow, config, state } = start;
      const made = await startTraining<ImagesView>({
        flow,
        executor: await openBackend(args.config.device),
        data: { examples: on.train, count: on.train.length / numbersOf(on.shape) },
        ...trainerOptions(config),
        ...(state && { kept: { state, best } }),
        heldOut: on.heldOut,
        viewer: imagesViewer(on.heldOut, config.training.seed),
      });
      return { run: start, training: made };
    },
  );
  const { device, parameters } = training;
  const { likelihood, ledgerLines: ledger } = run.flow;
  return { device, parameters, likelihood, shape: on.shape, ledger };
}

/** A run of the command that was read, before it is opened. `skipped`: messages about unusable checkpoints. */
export type ReadRun = Awaited<ReturnType<typeof readRun>>;

/** Reads the folder of a run, which `images.open` then opens. */
async function readRun({ files }: { files: readonly File[] }) {
  const run = await openRun(await runFilesOf(files));
  read = run;
  const { config, state, skipped } = run;
  const { network, data, training } = config;
  const { learningRate } = training;
  return { network, data: data.name, shape: data.shape, step: state.step, learningRate, skipped };
}

/** Calls to the worker of the images tab. */
export const imagesHandlers = {
  "images.open": open,
  "images.read": readRun,

  "images.train": session.train,
  "images.view": session.view,

  /** The ledger of one image, in nats. */
  "images.score": async ({ image }: { image: Uint8Array }) =>
    (await session.opened()).training.withModel(async (model) => ledgerOf(await model.evaluate(image))),

  /** The folder of the run, as a zip archive, and what `flowify evaluate` says of it. */
  async "images.save"(_: object, { transfer }: CallContext) {
    const of = await session.opened();
    const heldOut = images?.heldOut ?? new Uint8Array();
    const { bpd, examples } = await of.training.withModel((model) => model.evaluate(heldOut));
    const bytes = await saveRun(await bestOf(of));
    transfer(bytes.buffer);
    return { bytes, bpd, examples };
  },
};
