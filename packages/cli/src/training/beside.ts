import type { ChildProcess } from "node:child_process";
import { availableCores } from "@flowify/onnx";
import { type TrivialBaseline, trivialBaseline } from "../baselines/trivial.js";
import type { RowSet } from "../data/image-set.js";
import { STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { withExecutor } from "../executors.js";
import type { CommonFlags } from "../flags/shared.js";
import { type FittedDetector, fittedDetector } from "./fit-run-detector.js";
import type { TrainPlan } from "./train-plan.js";

/** Fewest steps of a training that another process pays for: it takes a second to start. */
const LONG = 200;

/** Most numbers of a table that two processes hold. */
const LARGE = 2 ** 24;

type Task = Readonly<{
  config: TrainPlan["config"];
  flags: CommonFlags;
  train: RowSet;
  test: RowSet;
  network: TrainPlan["network"]["description"];
}>;

/** What does not depend on the training of a table's network. Undefined where it is still to be computed. */
export type Beside = Readonly<{
  baseline: Promise<TrivialBaseline | undefined>;
  detector: Promise<FittedDetector | undefined>;
  stop(): void;
}>;

/** Begins with the best baseline and the detector of a table in another process, while this one trains. */
export function beginBeside(
  { config, network, data, test, validation }: TrainPlan,
  { device, threads }: CommonFlags,
  fork: (() => ChildProcess) | undefined,
): Beside | undefined {
  const judged = test ?? validation;
  const cores = threads ?? availableCores();
  if (!fork || cores === 1 || !("rows" in data) || !data.schema || !judged || !("rows" in judged)) return;
  const { training, data: source } = config;
  if (training.steps < LONG || data.rows.length > LARGE || source.name === STANDARD_INPUT) return;
  const child = fork();
  const ended = new Promise<undefined>((resolve) => {
    for (const end of ["exit", "error"]) child.on(end, () => resolve(undefined));
  });
  const answered = <K extends "baseline" | "detector">(what: K) =>
    new Promise<Answers[K]>((resolve) => {
      child.on("message", (answer: Partial<Answers>) => {
        if (answer[what]) resolve(answer[what]);
      });
    });
  const flags = { ...(device && { device }), ...(threads && { threads }) };
  child.send({ config, flags, train: data, test: judged, network: network.description } satisfies Task);
  return {
    baseline: Promise.race([answered("baseline"), ended]),
    detector: Promise.race([answered("detector"), ended]),
    stop: () => void child.kill(),
  };
}

type Answers = Readonly<{ baseline: TrivialBaseline; detector: FittedDetector }>;

/** Answers the process that sends a task, and ends with it. What fails here fails there, too, with a message. */
export async function serveBeside(): Promise<void> {
  const { config, flags, train, test, network } = await new Promise<Task>((resolve) => {
    process.once("message", resolve);
    process.once("disconnect", () => process.exit());
  });
  const answer = (found: Partial<Answers>) => new Promise((resolve) => process.send?.(found, resolve));
  const silent = { warn: () => {} };
  const baseline = await withExecutor({ ...flags, threads: 1 }, silent, (executor) =>
    trivialBaseline(train, test, network, executor, config.training.seed),
  );
  await answer({ baseline });
  const detector = await fittedDetector(config, flags, silent);
  await answer({ ...(detector && { detector }) });
  process.exit();
}
