import { UsageError } from "@flowify/core";
import { describeImages } from "../data/image-set.js";
import { environment } from "../environment.js";
import { AgreedError, agree, factsOf } from "../ranks/agreement.js";
import { inJob, joinRanks, type Ranks } from "../ranks/ranks.js";
import { calibrateRun } from "../runs/calibrate-run.js";
import type { Measurement } from "../runs/epoch-report.js";
import { fitRunDetector } from "../runs/fit-run-detector.js";
import { followTraining } from "../runs/follow-training.js";
import { imagesDocument, likelihoodDocument, sayLikelihood } from "../runs/report.js";
import { runTraining, type Trained } from "../runs/run-training.js";
import { planTraining, type TrainPlan } from "../runs/train-plan.js";
import { judgedLine } from "../runs/verdict.js";
import type { CliContext } from "../ui/context.js";
import { watchTraining } from "../ui/interrupt.js";
import { createTerminal, silentTerminal, type Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";
import type { TrainFlags } from "./train-flags.js";

export async function train(this: CliContext, flags: TrainFlags): Promise<void> {
  const ranks = await joinRanks(this.host.env, flags.rankTimeout);
  const several = ranks !== undefined && ranks.size > 1 ? ranks : undefined;
  await inJob(ranks, () => trainAs.call(this, several, flags));
}

async function trainAs(this: CliContext, ranks: Ranks | undefined, flags: TrainFlags): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, quiet = false } = flags;
  const silent = ranks !== undefined && ranks.rank > 0;
  const terminal = silent ? silentTerminal(env) : createTerminal({ stdout, stderr, env, json, quiet });
  const plan = await planWith(ranks, flags);
  for (const line of plan.warnings) terminal.warn(line);
  const interrupt = watchTraining(this.host, terminal);
  try {
    if (silent) return await followTraining(plan, flags, ranks, terminal);
    if (ranks) sayRanks(terminal, plan, ranks);
    const { step, end } = await runTraining(plan, { ...flags, terminal, interrupt, ranks });
    if (end && "rows" in plan.data && plan.data.schema) {
      await calibrateRun(plan.folder, flags, terminal);
      await fitRunDetector(plan.folder, flags, terminal);
    }
    const status = interrupt.status();
    if (status !== undefined) this.process.exitCode = status; // before any output: it may have no reader
    if (ranks) saySums(terminal, ranks);
    if (end) sayEnd(terminal, plan, end, ranks);
    else sayInterrupted(terminal, plan, step);
  } finally {
    interrupt.stop();
  }
}

/** The plan, the same in all ranks. */
async function planWith(ranks: Ranks | undefined, flags: TrainFlags): Promise<TrainPlan> {
  if (ranks === undefined) return planTraining(flags);
  const { comm, members } = ranks;
  try {
    if (flags.fallback === true)
      throw new UsageError("--fallback is for one process, this run has several\nleave it out");
    const plan = await planTraining(flags);
    await agree(comm, members, { facts: factsOf(plan.config, environment()) });
    return plan;
  } catch (error) {
    if (!(error instanceof AgreedError) && error instanceof Error) await agree(comm, members, { error });
    throw error;
  }
}

function sayRanks(terminal: Terminal, { resume, config: { environment } }: TrainPlan, ranks: Ranks): void {
  const before = environment?.ranks ?? 1;
  if (resume && before !== ranks.size)
    terminal.note(`${ranks.size} ranks, before ${before}: the last digits of the figures will differ`);
  if (!ranks.watched)
    terminal.warn("the ranks cannot reach rank 0 by TCP: only the launcher notices a rank that is lost");
}

/** Milliseconds of a step in which rank 0 exchanges gradients and new values, waiting included. */
const waitOfStep = ({ comm: { sums } }: Ranks): number => sums.ms / Math.max(1, sums.count);

const saySums = ({ note }: Terminal, ranks: Ranks): void =>
  note(
    `${ranks.size} ranks: ${waitOfStep(ranks).toFixed(1)} ms of each step in sums of gradients and messages of new values`,
  );

function sayInterrupted(terminal: Terminal, { folder, config: { steps } }: TrainPlan, step: number): void {
  terminal.say(`stopped after step ${step} of ${steps}; continue with flowify train --resume ${folder}`);
  terminal.document({ run: folder, step, steps, finished: false });
}

function sayEnd(
  terminal: Terminal,
  { folder, data, validation, config: { steps } }: TrainPlan,
  { measured, pictures, unchanged, verdict, baseline }: NonNullable<Trained["end"]>,
  ranks: Ranks | undefined,
): void {
  const result = measured.at(-1);
  const held = measured.find(({ images }) => images.split === "validation" && images !== result?.images);
  if (result) sayLikelihood(terminal, result.evaluation, result.images);
  if (!terminal.quiet) {
    if (result) terminal.say();
    if (baseline)
      terminal.say(
        `to compare: ${baseline.name} has ${baseline.figure.toFixed(3)} ${unitOf(data.shape).name}`,
      );
    const kept = validation ? `, ${describeImages(validation, { files: false })} held out` : "";
    terminal.say(`trained on ${describeImages(data)}${kept}`);
    const judged = judgedLine(verdict, steps);
    if (judged) terminal.say(judged);
    if (unchanged === true) terminal.say("the function of the pretrained network is unchanged, bit for bit");
    if (pictures.length > 0) terminal.say(`pictures: ${pictures.join(", ")}`);
    terminal.say(`measure it with flowify evaluate ${folder}, sample more with flowify sample ${folder}`);
  }
  terminal.document({
    run: folder,
    step: steps,
    steps,
    finished: true,
    ...(result && measuredDocument(result)),
    ...(held && { validation: measuredDocument(held) }),
    ...(baseline && { baseline: { name: baseline.name, [unitOf(data.shape).field]: baseline.figure } }),
    train: { ...imagesDocument(data), examples: data.count },
    pictures,
    judgedStep: verdict.judgedStep,
    warnings: verdict.warnings,
    ...(unchanged !== undefined && { unchanged }),
    ...(ranks && { ranks: { size: ranks.size, waitOfStepMs: waitOfStep(ranks) } }),
  });
  for (const line of verdict.warnings) terminal.warn(line);
  if (unchanged === false)
    terminal.warn(
      "training changed the function of the pretrained network, expected it unchanged: this is a bug in flowify\nreport it, and do not use this run",
    );
}

const measuredDocument = ({ images, evaluation }: Measurement) => ({
  ...imagesDocument(images),
  examples: evaluation.examples,
  ...likelihoodDocument(evaluation, images),
});
