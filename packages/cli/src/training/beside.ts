import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { FlowModel, type TrainOptions } from "@flowify/core";
import { initParams } from "@flowify/core/layer";
import { availableCores } from "@flowify/onnx";
import { type TrivialBaseline, trivialBaseline } from "../baselines/trivial.js";
import { type DataSet, examplesOf } from "../data/image-set.js";
import { STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { openExecutor, withExecutor } from "../executors.js";
import { mayPass } from "../files/atomic.js";
import { flowOf } from "../networks/choose.js";
import type { TrainFlags } from "../settings.js";
import { type FittedDetector, fittedDetector } from "./fit-run-detector.js";
import { optionsOf, type TrainPlan } from "./train-plan.js";

/** Fewest steps of a training that another process pays for: it takes a second to start. */
const LONG = 200;

/** Most bytes of examples that two processes hold. */
const LARGE = 2 ** 28;

type Flags = Pick<TrainFlags, "device" | "threads" | "workers">;

type Task = Readonly<{
  config: TrainPlan["config"];
  flags: Flags;
  train: DataSet;
  test: DataSet | undefined;
  network: Pick<TrainPlan["network"], "name" | "description">;
}>;

/** What the other process answers. */
type Answers = Readonly<{
  /** The initial values, as the bytes of a model. */
  start: Uint8Array;
  baseline: TrivialBaseline;
  detector: FittedDetector;
}>;
type Layer = readonly [layer: string, done: number, layers: number];

/** What another process computes. Undefined where it is still to be computed. */
export type Beside = Readonly<{
  [What in keyof Answers]: Promise<Answers[What] | undefined>;
}> &
  Readonly<{
    /** Calls back when a layer has its initial values. */
    onInit(listener: NonNullable<TrainOptions["onInit"]>): void;
    stop(): void;
  }>;

/**
 * Begins in another process: with the initial values of images, while this one compiles; with the best baseline and the detector of
 * a table, which take as long as the rest, while this one trains.
 */
export function beginBeside(
  { config, network, data, test, validation, resume }: TrainPlan,
  { device, threads, workers }: Flags,
  fork: (() => ChildProcess) | undefined,
): Beside | undefined {
  const { training, data: source } = config;
  const cores = threads ?? availableCores();
  const judged = test ?? validation;
  const isNeeded =
    "rows" in data
      ? data.schema !== undefined && judged !== undefined && "rows" in judged
      : !resume && network.tensors === undefined && network.opaque === undefined;
  if (!fork || !isNeeded || cores === 1 || training.steps < LONG) return;
  if (examplesOf(data).byteLength > LARGE || source.name === STANDARD_INPUT) return;
  const { name, description } = network;
  const file = written({
    config,
    flags: { ...(device && { device }), ...(threads && { threads }), ...(workers && { workers }) },
    train: data,
    test: judged,
    network: { name, ...(description && { description }) },
  });
  if (file === undefined) return;
  const child = fork();
  child.send(file);
  const ended = new Promise<undefined>((resolve) => {
    for (const end of ["exit", "error"]) child.on(end, () => resolve(undefined));
  });
  void ended.then(() => forget(file));
  const answered = <What extends keyof Answers>(what: What) =>
    Promise.race([
      ended,
      new Promise<Answers[What]>((resolve) => {
        child.on("message", (answer: Partial<Answers>) => {
          if (answer[what]) resolve(answer[what]);
        });
      }),
    ]);
  return {
    start: answered("start"),
    baseline: answered("baseline"),
    detector: answered("detector"),
    onInit(listener) {
      child.on("message", ({ layer }: { layer?: Layer }) => {
        if (layer) listener(...layer);
      });
    },
    stop() {
      child.kill();
      forget(file);
    },
  };
}

/** The file of a task, which is there at once: a message would wait in this process, which compiles. Undefined on a full disk. */
function written(task: Task): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "flowify-"));
  const file = join(folder, "task");
  try {
    writeFileSync(file, serialize(task));
    return file;
  } catch (error) {
    forget(file);
    if (!mayPass(error)) throw error;
    return undefined;
  }
}

const forget = (file: string): void => rmSync(dirname(file), { recursive: true, force: true });

/** Answers the process that sends a task, and ends with it. What fails here fails there, too, with a message. */
export async function serveBeside(): Promise<void> {
  process.on("SIGINT", () => {}); // that of the whole group: the other process ends when it can, and then this one
  const file = await new Promise<string>((resolve) => {
    process.once("message", resolve);
    process.once("disconnect", () => process.exit());
  });
  const task: Task = deserialize(readFileSync(file));
  forget(file);
  const answer = (found: Partial<Answers> & { layer?: Layer }) =>
    new Promise((resolve) => process.send?.(found, resolve));
  if ("rows" in task.train) await answerForTable(task, answer);
  else await answer({ start: await startOf(task, (...layer) => void answer({ layer })) });
  process.exit();
}

async function startOf(
  { config, flags, train, network }: Task,
  onInit: NonNullable<TrainOptions["onInit"]>,
): Promise<Uint8Array> {
  const { device = "auto", ...split } = flags;
  const executor = await openExecutor(device, silent, split);
  const flow = flowOf(network, config.flow);
  const { data, condition, seed, init, initExamples } = optionsOf({ flow, data: train, config }, executor);
  const given = { flow, executor, data, ...(condition && { condition }) };
  const params = await initParams({ ...given, seed, init, initExamples, onInit });
  return new FlowModel(flow, params, executor).save();
}

async function answerForTable(
  { config, flags: { workers: _, ...flags }, train, test, network }: Task,
  answer: (found: Partial<Answers>) => Promise<unknown>,
): Promise<void> {
  const { seed } = config.training;
  const baseline =
    test &&
    (await withExecutor({ ...flags, threads: 1 }, silent, (executor) =>
      trivialBaseline(train, test, network.description, executor, seed),
    ));
  await answer({ ...(baseline && { baseline }) });
  const detector = await fittedDetector(config, flags, silent);
  await answer({ ...(detector && { detector }) });
}

const silent = { warn: () => {} };
