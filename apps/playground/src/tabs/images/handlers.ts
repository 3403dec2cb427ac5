import { flowify, type Network, UsageError } from "@flowify/core";
import { openBackend } from "../../worker/backend.js";
import { buffersOf } from "../../worker/buffers.js";
import type { Handlers } from "../../worker/protocol.js";
import { serialQueue } from "../../worker/serial-queue.js";
import { startTraining, type Training } from "../../worker/training.js";
import type { ImagesCalls, ImagesOpened, ImagesView, PretrainedImages } from "./calls.js";
import { FEWEST, numbersOf } from "./config.js";
import { halve } from "./halve.js";
import { imagesNetwork, splitImages } from "./network.js";
import { type ImagesViewer, makeImagesViewer } from "./viewer.js";

/** Milliseconds between two views. */
const VIEW_EVERY = 1000;
const BATCH = 64;

let images: Pick<PretrainedImages, "bytes" | "shape"> | undefined;
type Session = Readonly<{ network: Network; training: Training<ImagesView, ImagesViewer> }>;
let session: Session | undefined;
/** Temperature of the samples of a view: the last requested one. */
let temperature = 1;

/** Each opening disposes of the earlier flow; calls in between wait for it. */
const inTurn = serialQueue();

const opened = (): Promise<Session> =>
  inTurn(async () => {
    if (!session) throw new UsageError("no flow is open yet");
    return session;
  });

async function open({
  config,
  images: given,
  keep,
}: ImagesCalls["images.open"]["args"]): Promise<ImagesOpened> {
  if (given) images = sized(given);
  if (!images || images.bytes.length < FEWEST * numbersOf(images.shape))
    throw new UsageError(`too few pictures, expected at least ${FEWEST}`);
  temperature = config.temperature;
  const { bytes, shape } = images;
  const network = imagesNetwork(config, shape);
  const flow = flowify(network);
  const { train, heldOut } = splitImages(bytes, shape);
  const kept = keep ? await session?.training.kept() : undefined;
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
    kept,
    makeViewer: (of, executor) =>
      makeImagesViewer(of, executor, { heldOut, seed, temperature: () => temperature }),
  });
  session = { network, training };
  return { device: training.device, parameters: training.parameters, shape, ledger: flow.ledgerLines };
}

const sized = ({ bytes, side, shape }: PretrainedImages): typeof images => ({
  bytes: side > shape[1] ? halve(bytes, side) : bytes,
  shape,
});

export const imagesHandlers: Handlers<keyof ImagesCalls> = {
  "images.open": (args) => inTurn(() => open(args)),

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
    return training.ask((viewer, params) => viewer.sample(params, wanted, seed));
  },

  "images.score": async ({ image }) =>
    (await opened()).training.ask((viewer, params) => viewer.ledgerOf(params, image)),

  "images.between": async ({ from, to }) =>
    (await opened()).training.ask((viewer, params) => viewer.between(params, from, to)),

  async "images.save"(_, { transfer }) {
    const { training, network } = await opened();
    const { model, step } = await training.best();
    const bytes = model.save({ network: JSON.stringify(network), step: String(step) });
    await model.dispose();
    transfer(bytes.buffer as ArrayBuffer);
    return bytes;
  },
};
