import type { Executor } from "@flowify/core";
import { exportModel } from "../../run/export-run.js";
import { type OpenRun, openRun } from "../../run/open-run.js";
import { PlacedRun } from "../../run/placed-run.js";
import { runFilesOf } from "../../run/run-files.js";
import { saveRun } from "../../run/save-run.js";
import { beginRun, type NewRun, trainFurther } from "../../run/train-run.js";
import { toPixels } from "../../ui/pixels.js";
import { nameOf, openBackend } from "../../worker/backend.js";
import type { Backend } from "../../worker/backends.js";
import type { Handlers } from "../../worker/protocol.js";
import type { ExchangeCalls, RunSummary } from "./calls.js";
import { readPictures } from "./pictures.js";

/** A network for digits: a spline for each pixel, then 784 → 64 → 16. Convolutions are slow in a page. */
const dense: Omit<NewRun, "seed"> = {
  network: "digits",
  description: {
    inShape: [1, 28, 28],
    layers: [
      { kind: "dequantize" },
      { kind: "marginal", bins: 16 },
      { kind: "flatten" },
      { kind: "linear", out: 64 },
      { kind: "rqSpline" },
      { kind: "linear", out: 16 },
    ],
  },
  flow: { density: "mixture" },
  batch: 64,
  steps: 100,
};

let opened: PlacedRun | undefined;

function current(): PlacedRun {
  if (opened) return opened;
  throw new Error("no run is open");
}

/** Makes a run the open one. */
async function open(backend: Backend, make: (executor: Executor) => Promise<OpenRun>): Promise<RunSummary> {
  const placed = await PlacedRun.of(await openBackend(backend), make);
  await opened?.dispose().catch(() => {}); // the arrays of a lost device are lost
  opened = placed;
  return summary(placed);
}

function summary({ run, model, executor }: PlacedRun): RunSummary {
  const { config, flow, state } = run;
  return {
    network: config.network,
    shape: config.data.shape,
    step: state.step,
    parameters: model.parameters,
    exact: flow.exact,
    layers: flow.ledgerLines,
    data: config.data.name,
    device: nameOf(executor),
    skipped: run.skipped,
  };
}

export const exchangeHandlers: Handlers<keyof ExchangeCalls> = {
  async "exchange.open"({ files, backend }, { emit }) {
    emit({ stage: "reading the run", done: 0, of: 2 });
    const run = await openRun(await runFilesOf(files));
    emit({ stage: "loading its arrays", done: 1, of: 2 });
    return open(backend, async () => run);
  },

  "exchange.begin": ({ images, seed, backend }, { emit }) =>
    open(backend, (executor) => beginRun({ ...dense, seed }, executor, images, emit)),

  "exchange.pictures": ({ files }, { emit }) =>
    readPictures(files, current().run.config.data.shape, (done) =>
      emit({ stage: "reading pictures", done, of: files.length }),
    ),

  async "exchange.train"({ images, steps }, { emit, signal }) {
    const { trained } = await current().change((run, executor) =>
      trainFurther(run, executor, images, steps, { tell: emit, signal }),
    );
    return { summary: summary(current()), trained };
  },

  async "exchange.measure"({ images }) {
    const { bpd, stdErr, examples, ledger } = await current().ask((model) => model.evaluate(images));
    return { bpd, stdErr, examples, ledger, device: nameOf(current().executor) };
  },

  "exchange.sample": ({ count, ...options }) =>
    current().ask(async (model) => ({ images: toPixels(await model.sample(count, options)) })),

  async "exchange.save"(_, { transfer }) {
    const bytes = await saveRun(current().run);
    transfer(bytes.buffer);
    return { bytes };
  },

  async "exchange.export"(_, { emit, transfer }) {
    const { run, model } = current();
    const written = await exportModel(model, { network: run.config.network, step: run.state.step }, emit);
    transfer(written.bytes.buffer);
    return written;
  },
};
