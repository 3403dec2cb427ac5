import { type Flow, flowify, UsageError } from "@flowify/core";
import { serialQueue } from "../../ui/coalesce.js";
import { openBackend } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import { buffersOf, startTraining, type Training } from "../../worker/training.js";
import type { Description, Opened, PlaneCalls, PlaneView } from "./calls.js";
import type { PlaneConfig } from "./config.js";
import { planeData } from "./data.js";
import { planeViewer } from "./viewer.js";

/** Number of data points that the page shows. */
const POINTS_SHOWN = 1000;
/** Milliseconds between two views. */
const VIEW_EVERY = 400;
/** Fewest drawn points for training. */
const FEWEST = 20;

type Session = Readonly<{ config: PlaneConfig; training: Training<PlaneView> }>;
let session: Session | undefined;

const flowOf = ({ layers, density }: PlaneConfig): Flow => flowify({ inShape: [2], layers }, { density });

function describe(flow: Flow): Description {
  return {
    likelihood: flow.likelihood,
    draws: !flow.chain.exact,
    layers: flow.chain.layers.map((layer, i) => ({
      layer: flow.ledgerLines[i]!.layer,
      in: layer.inShape,
      out: layer.outShape,
      likelihood: flow.ledgerLines[i]!.likelihood,
      dropped: layer.inShape[0]! - layer.outShape[0]!,
    })),
    ledger: flow.ledgerLines,
  };
}

/** Each opening disposes of the earlier flow; calls in between wait for it. */
const inTurn = serialQueue();

const opened = (): Promise<Session> =>
  inTurn(async () => {
    if (!session) throw new UsageError("no flow is open yet");
    return session;
  });

async function open({ config, keep }: PlaneCalls["plane.open"]["args"]): Promise<Opened> {
  const flow = flowOf(config);
  const { train, heldOut } = planeData(config);
  if (train.count + heldOut.length / 2 < FEWEST)
    throw new UsageError(
      `found ${train.count + heldOut.length / 2} points, expected at least ${FEWEST}: draw more`,
    );
  const kept = keep ? await session?.training.kept() : undefined;
  await session?.training.dispose();
  session = undefined;
  const training = await startTraining({
    flow,
    data: train,
    executor: await openBackend(config.device),
    steps: config.steps,
    batchSize: Math.min(128, train.count),
    learningRate: config.learningRate,
    seed: config.seed,
    initExamples: 1024,
    kept,
    heldOut,
    viewer: planeViewer(flow, heldOut, config.seed),
  });
  session = { config, training };
  const points = train.examples.slice(0, 2 * POINTS_SHOWN) as Float32Array<ArrayBuffer>;
  const { device, parameters, taken } = training;
  return { device, parameters, taken, points };
}

export const planeHandlers: Handlers<keyof PlaneCalls> = {
  async "plane.describe"({ config }) {
    return describe(flowOf(config));
  },

  async "plane.open"(args, { transfer }) {
    const result = await inTurn(() => open(args));
    transfer(result.points.buffer);
    return result;
  },

  "plane.train": async ({ steps }, { emit, signal }) =>
    (await opened()).training.run({
      steps,
      signal,
      viewEvery: VIEW_EVERY,
      emit: (event) => emit(event, event.kind === "view" ? buffersOf(event.view) : []),
    }),

  async "plane.view"(_, { transfer }) {
    const view = await (await opened()).training.view();
    transfer(...buffersOf(view));
    return view;
  },

  async "plane.save"(_, { transfer }) {
    const { training, config } = await opened();
    const { step } = (await training.best()).state;
    const { layers, density, data, seed } = config;
    const metadata = {
      network: JSON.stringify({ inShape: [2], layers }),
      density,
      data,
      seed: String(seed),
      step: String(step),
    };
    const bytes = await training.withModel(async (model) => model.save(metadata));
    transfer(bytes.buffer as ArrayBuffer);
    return bytes;
  },
};
