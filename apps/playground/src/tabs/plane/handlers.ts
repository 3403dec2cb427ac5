import { type Flow, flowify } from "@flowify/core";
import { openBackend } from "../../worker/backend.js";
import type { CallContext } from "../../worker/messages.js";
import { startTraining, type Training } from "../../worker/training.js";
import { trainingSession } from "../../worker/training-session.js";
import type { PlaneConfig } from "./config.js";
import { planeData } from "./data.js";
import { type PlaneView, planeViewer } from "./viewer.js";

/** Number of data points that the page shows. */
const POINTS_SHOWN = 1000;
/** Milliseconds between two views. */
const VIEW_EVERY = 400;

type Session = Readonly<{ config: PlaneConfig; training: Training<PlaneView> }>;
const session = trainingSession<PlaneView, Session>(VIEW_EVERY);

const flowOf = ({ layers, density }: PlaneConfig): Flow => flowify({ inShape: [2], layers }, { density });

/** Facts about a network before training. */
function describe({ config }: { config: PlaneConfig }) {
  const { likelihood, chain, ledgerLines: ledger } = flowOf(config);
  const layers = chain.layers.map(({ inShape, outShape }, i) => ({
    layer: ledger[i]!.layer,
    in: inShape,
    out: outShape,
    likelihood: ledger[i]!.likelihood,
  }));
  /** `draws`: log p of a point depends on noise; `ledger`: its bars, the base last. */
  return { likelihood, draws: !chain.exact, layers, ledger };
}
export type Description = ReturnType<typeof describe>;

type OpenArgs = Readonly<{ config: PlaneConfig; keep: boolean }>;
export type Opened = Awaited<ReturnType<typeof open>>;

/** Starts from a configuration, or continues with the present state (`keep`). */
async function open({ config, keep }: OpenArgs, { transfer }: CallContext) {
  const flow = flowOf(config);
  const { train, heldOut } = planeData(config);
  const { training } = await session.open(
    async (last) => (keep ? last?.training.kept() : undefined),
    async (kept) => ({
      config,
      training: await startTraining({
        flow,
        data: train,
        executor: await openBackend(config.device),
        steps: config.steps,
        batchSize: 128,
        learningRate: config.learningRate,
        seed: config.seed,
        initExamples: 1024,
        kept,
        heldOut,
        viewer: planeViewer(flow, heldOut, config.seed),
      }),
    }),
  );
  const points = train.examples.slice(0, 2 * POINTS_SHOWN) as Float32Array<ArrayBuffer>;
  transfer(points.buffer);
  /** `points`: those of training that are shown, [n, 2]. */
  return { device: training.device, parameters: training.parameters, points };
}

/** Calls to the worker of the plane tab. */
export const planeHandlers = {
  "plane.describe": async (args: { config: PlaneConfig }) => describe(args),
  "plane.open": open,
  "plane.train": session.train,
  "plane.view": session.view,

  /** The parameters as safetensors, together with the network. */
  async "plane.save"(_: object, { transfer }: CallContext) {
    const { training, config } = await session.opened();
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
