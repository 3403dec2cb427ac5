import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { encodeSafetensors, FlowModel, type TrainOptions } from "@flowify/core";
import { fittedAgain, joined } from "@flowify/core/internal";
import { initParams } from "@flowify/core/layer";
import { availableCores } from "@flowify/onnx";
import { type DataSet, examplesOf } from "../data/image-set.js";
import { STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { openExecutor } from "../executors.js";
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
  /** Of rows, those that densities are fitted to as well when the run has ended. */
  validation: DataSet | undefined;
  /** Whether the run begins here: one that goes on needs no initial values. */
  starts: boolean;
  network: Pick<TrainPlan["network"], "name" | "description">;
}>;

/** What the other process answers. */
type Answers = Readonly<{
  /** The initial values, as the bytes of a model. */
  start: Uint8Array;
  /** What the run of a table that ends where it began fits to all rows once more, as the bytes of a safetensors file. */
  fitted: Uint8Array;
  detector: FittedDetector;
}>;
type Layer = readonly [layer: string, done: number, layers: number];

/** What another process computes. Undefined where it is still to be computed. */
export type Beside = Readonly<{
  [What in keyof Answers]: Promise<Answers[What] | undefined>;
}> &
  Readonly<{
    /** Whether the other process finds the initial values. */
    starts: boolean;
    /** Calls back when a layer has its initial values. */
    onInit(listener: NonNullable<TrainOptions["onInit"]>): void;
    stop(): void;
  }>;

/** Another process that waits for its task, and that ends with it. */
type Helper = Readonly<{ child: ChildProcess; ended: Promise<undefined> }>;

/** Starts another process, which loads its modules while this one reads the data. */
export function forkBeside(
  { steps = LONG, threads = availableCores() }: Pick<TrainFlags, "steps" | "threads">,
  fork: (() => ChildProcess) | undefined,
): Helper | undefined {
  if (!fork || steps < LONG || threads === 1) return undefined;
  const child = fork();
  const ended = new Promise<undefined>((resolve) => {
    for (const end of ["exit", "error"]) child.on(end, () => resolve(undefined));
  });
  return { child, ended };
}

/**
 * Begins in the other process: with the initial values, while this one compiles; then with the detector of a table, while this one
 * trains. Undefined where it can compute none of them.
 */
export function beginBeside(
  { config, network, data, validation, resume }: TrainPlan,
  { device, threads, workers }: Flags,
  { child, ended }: Helper,
): Beside | undefined {
  const { training, data: source } = config;
  const isTable = "rows" in data && data.schema !== undefined;
  const starts =
    (isTable || !("rows" in data)) &&
    !resume &&
    network.tensors === undefined &&
    network.opaque === undefined;
  if (!(starts || isTable) || training.steps < LONG) return;
  if (examplesOf(data).byteLength > LARGE || source.name === STANDARD_INPUT) return;
  const { name, description } = network;
  const file = written({
    config,
    flags: { ...(device && { device }), ...(threads && { threads }), ...(workers && { workers }) },
    train: data,
    validation,
    starts,
    network: { name, ...(description && { description }) },
  });
  if (file === undefined) return;
  child.send(file);
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
    starts,
    start: answered("start"),
    fitted: answered("fitted"),
    detector: answered("detector"),
    onInit(listener) {
      child.on("message", ({ layer }: { layer?: Layer }) => {
        if (layer) listener(...layer);
      });
    },
    stop: () => forget(file),
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
  if (task.starts) await answerStart(task, answer);
  const { workers: _, ...flags } = task.flags;
  const detector = "rows" in task.train ? await fittedDetector(task.config, flags, silent) : undefined;
  await answer({ ...(detector && { detector }) });
  process.exit();
}

/** Answers the initial values, and of a table what they are when they are fitted to all rows. */
async function answerStart(
  { config, flags, train, validation, network }: Task,
  answer: (found: Partial<Answers> & { layer?: Layer }) => Promise<unknown>,
): Promise<void> {
  const { device = "auto", ...split } = flags;
  const executor = await openExecutor(device, silent, split);
  const flow = flowOf(network, config.flow);
  const { data, condition, seed, init, initExamples } = optionsOf({ flow, data: train, config }, executor);
  const given = { flow, executor, seed, init, initExamples };
  const onInit = (...layer: Layer): void => void answer({ layer });
  const known = await initParams({ ...given, data, ...(condition && { condition }), onInit });
  await answer({ start: new FlowModel(flow, known, executor).save() });
  if ("rows" in train && validation && !flow.condition) {
    const all = {
      examples: joined([train, validation].map((set) => examplesOf(set) as Float32Array)),
      count: train.count + validation.count,
    };
    await answer({ fitted: encodeSafetensors(await fittedAgain({ ...given, data: all, known })) });
  }
  await executor.dispose();
}

const silent = { warn: () => {} };
