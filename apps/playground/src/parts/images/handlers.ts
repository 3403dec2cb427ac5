import { flowify, UsageError } from "@flowify/core";
import { openBackend } from "../../worker/backend.js";
import { buffersOf } from "../../worker/buffers.js";
import type { Handlers } from "../../worker/protocol.js";
import { startTraining, type Training } from "../../worker/training.js";
import type { ImagesCalls, ImagesView } from "./calls.js";
import { FEWEST, type ImagesConfig, PIXELS, SIDE } from "./config.js";
import { halve } from "./halve.js";
import { imagesNetwork, joined, splitImages } from "./network.js";
import { type ImagesViewer, makeImagesViewer } from "./viewer.js";

/** Milliseconds between two views. */
const VIEW_EVERY = 1000;
const BATCH = 64;

let images: Uint8Array | undefined;
let session: { config: ImagesConfig; training: Training<ImagesView, ImagesViewer> } | undefined;
/** Of the samples of a view: that of the last who asked. */
let temperature = 1;

function opened(): Training<ImagesView, ImagesViewer> {
  if (!session) throw new UsageError("nothing is open yet");
  return session.training;
}

export const imagesHandlers: Handlers<keyof ImagesCalls> = {
  async "images.open"({ config, images: given, keep }) {
    if (given)
      images = joined(given.parts.map((part) => (given.side > SIDE ? halve(part, given.side) : part)));
    if (!images || images.length < FEWEST * PIXELS)
      throw new UsageError(`${FEWEST} pictures at least are needed`);
    temperature = config.temperature;
    const flow = flowify(imagesNetwork(config));
    const { train, heldOut } = splitImages(images);
    const state = keep ? await session?.training.state() : undefined;
    await session?.training.dispose();
    session = undefined;
    const { steps, learningRate, seed } = config;
    const training = await startTraining({
      flow,
      data: train,
      executor: await openBackend(config.device),
      steps,
      batchSize: Math.min(BATCH, train.count),
      learningRate,
      seed,
      state,
      makeViewer: (of, executor) =>
        makeImagesViewer(of, executor, { heldOut, seed, temperature: () => temperature }),
    });
    session = { config, training };
    return { device: training.device, parameters: training.parameters, ledger: flow.ledgerLines };
  },

  "images.train": ({ steps }, { emit, signal }) =>
    opened().run({
      steps,
      signal,
      viewEvery: VIEW_EVERY,
      emit: (event) => emit(event, event.kind === "view" ? buffersOf(event.view) : []),
    }),

  "images.view": () => opened().view(),

  "images.sample": ({ temperature: wanted, seed }) => {
    temperature = wanted;
    return opened().ask((viewer, params) => viewer.sample(params, wanted, seed));
  },

  "images.score": ({ image }) => opened().ask((viewer, params) => viewer.ledgerOf(params, image)),

  "images.between": ({ from, to }) => opened().ask((viewer, params) => viewer.between(params, from, to)),

  async "images.save"(_, { transfer }) {
    const training = opened();
    const model = await training.model();
    const network = JSON.stringify(imagesNetwork(session!.config));
    const bytes = model.save({ network, step: String(training.taken) });
    await model.dispose();
    transfer(bytes.buffer as ArrayBuffer);
    return bytes;
  },
};
