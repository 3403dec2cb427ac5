import { type Executor, FlowModel } from "@flowify/core";
import { averaged } from "flowify/format";
import { exportModel } from "../../run/export-run.js";
import { type OpenRun, openRun } from "../../run/open-run.js";
import { runFilesOf } from "../../run/run-files.js";
import { saveRun } from "../../run/save-run.js";
import { beginRun, type NewRun, trainFurther } from "../../run/train-run.js";
import { toPixels } from "../../ui/pixels.js";
import { openBackend } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import type { ExchangeCalls, RunSummary } from "./calls.js";
import { readPictures } from "./pictures.js";

/** A small network for digits: 784 → 64 → 16, with learnt splines between. */
const small: Omit<NewRun, "seed"> = {
  network: "small",
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

let opening: Promise<Executor> | undefined;
const executor = (): Promise<Executor> => (opening ??= openBackend("auto"));
let current: { run: OpenRun; model: FlowModel } | undefined;

function open(): { run: OpenRun; model: FlowModel } {
  if (current) return current;
  throw new Error("no run is open");
}

/** Takes a run as the open one. */
async function take(run: OpenRun): Promise<RunSummary> {
  const model = await FlowModel.fromArrays(run.flow, averaged(run.state.arrays), await executor());
  await current?.model.dispose();
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
    skipped: run.skipped,
  };
}

export const exchangeHandlers: Handlers<keyof ExchangeCalls> = {
  async "exchange.open"({ files }, { emit }) {
    emit({ stage: "reading the run", done: 0, of: 2 });
    const run = await openRun(await runFilesOf(files));
    emit({ stage: "placing its arrays", done: 1, of: 2 });
    return take(run);
  },

  "exchange.begin": async ({ images, seed }, { emit }) =>
    take(await beginRun({ ...small, seed }, await executor(), images, emit)),

  "exchange.pictures": ({ files }, { emit }) =>
    readPictures(files, open().run.config.data.shape, (done) =>
      emit({ stage: "reading pictures", done, of: files.length }),
    ),

  async "exchange.train"({ images, steps }, { emit, signal }) {
    const run = await trainFurther(open().run, await executor(), images, steps, emit, signal);
    return { step: (await take(run)).step };
  },

  async "exchange.measure"({ images }) {
    const { bpd, stdErr, items, ledger } = await open().model.monitor(images);
    return { bpd, stdErr, items, ledger };
  },

  "exchange.sample": async ({ count, ...options }) => ({
    images: toPixels(await open().model.sample(count, options)),
  }),

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
