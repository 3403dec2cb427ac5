import { DeviceError, type Executor, FlowModel, jaxExecutor } from "@flowify/core";
import { averaged } from "flowify/format";
import { exportModel } from "../../run/export-run.js";
import { type OpenRun, openRun } from "../../run/open-run.js";
import { runFilesOf } from "../../run/run-files.js";
import { saveRun } from "../../run/save-run.js";
import { beginRun, type NewRun, trainFurther } from "../../run/train-run.js";
import { toPixels } from "../../ui/pixels.js";
import { nameOf, openBackend } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import type { ExchangeCalls, RunSummary } from "./calls.js";
import { readPictures } from "./pictures.js";

/** A network for digits: 784 → 64 → 16, with a learnt spline between. Convolutions are slow in a page. */
const dense: Omit<NewRun, "seed"> = {
  network: "digits",
  description: {
    inShape: [1, 28, 28],
    layers: [
      { kind: "dequantize" },
      { kind: "flatten" },
      { kind: "whiten" },
      { kind: "linear", out: 64 },
      { kind: "rqSpline" },
      { kind: "linear", out: 16 },
    ],
  },
  flow: { density: "mixture" },
  batch: 64,
  steps: 100,
};

let executor: Executor | undefined;
let current: { run: OpenRun; model: FlowModel } | undefined;

function device(): Executor {
  if (executor) return executor;
  throw new Error("no device is open");
}

/** Does the work with the open run: in Wasm from the state that is kept, where the device is lost meanwhile. */
async function withRun<T>(work: (run: OpenRun, model: FlowModel) => Promise<T>): Promise<T> {
  const { run, model } = open();
  try {
    return await work(run, model);
  } catch (error) {
    if (!(error instanceof DeviceError) || device().name === "jax") throw error;
    executor = jaxExecutor();
    await take(run);
    return work(open().run, open().model);
  }
}

function open(): { run: OpenRun; model: FlowModel } {
  if (current) return current;
  throw new Error("no run is open");
}

/** Takes a run as the open one. */
async function take(run: OpenRun): Promise<RunSummary> {
  const model = await FlowModel.fromArrays(run.flow, averaged(run.state.arrays), device());
  await current?.model.dispose().catch(() => {}); // what was on a lost device is lost with it
  current = { run, model };
  const { config, flow, state } = run;
  return {
    network: config.network,
    shape: config.data.shape,
    step: state.step,
    parameters: model.parameters,
    exact: flow.exact,
    layers: flow.ledgerLines,
    data: config.data.name,
    device: nameOf(device()),
    skipped: run.skipped,
  };
}

export const exchangeHandlers: Handlers<keyof ExchangeCalls> = {
  async "exchange.open"({ files, backend }, { emit }) {
    emit({ stage: "reading the run", done: 0, of: 2 });
    const run = await openRun(await runFilesOf(files));
    emit({ stage: "placing its arrays", done: 1, of: 2 });
    executor ??= await openBackend(backend);
    return take(run);
  },

  async "exchange.begin"({ images, seed, backend }, { emit }) {
    executor ??= await openBackend(backend);
    return take(await beginRun({ ...dense, seed }, executor, images, emit));
  },

  "exchange.pictures": ({ files }, { emit }) =>
    readPictures(files, open().run.config.data.shape, (done) =>
      emit({ stage: "reading pictures", done, of: files.length }),
    ),

  "exchange.train": ({ images, steps }, { emit, signal }) =>
    withRun(async (run) => take(await trainFurther(run, device(), images, steps, emit, signal))),

  "exchange.measure": ({ images }) =>
    withRun(async (_, model) => {
      const { bpd, stdErr, items, ledger } = await model.monitor(images);
      return { bpd, stdErr, items, ledger };
    }),

  "exchange.sample": ({ count, ...options }) =>
    withRun(async (_, model) => ({ images: toPixels(await model.sample(count, options)) })),

  async "exchange.save"(_, { transfer }) {
    const bytes = await saveRun(open().run);
    transfer(bytes.buffer);
    return { bytes };
  },

  async "exchange.export"(_, { emit, transfer }) {
    const { run, model } = open();
    const written = await exportModel(model, { network: run.config.network, step: run.state.step }, emit);
    transfer(written.bytes.buffer);
    return written;
  },
};
