import { examplesOf } from "../data/image-set.js";
import { openExecutor } from "../executors.js";
import type { Ranks } from "../ranks/ranks.js";
import { type TrainFlags, trainerOptions } from "../settings.js";
import type { Terminal } from "../ui/terminal.js";
import { followTrainer } from "./led-trainer.js";
import { splitOf } from "./run-training.js";
import type { TrainPlan } from "./train-plan.js";

/** Computes this rank's part of every batch, as rank 0 commands. It reads no checkpoint and writes nothing. */
export async function followTraining(
  plan: TrainPlan,
  { threads, workers, check = false }: Pick<TrainFlags, "threads" | "workers" | "check">,
  ranks: Ranks,
  terminal: Terminal,
): Promise<void> {
  const { split } = splitOf(plan, { threads, workers, ranks });
  const executor = await openExecutor(plan.device, terminal, split);
  const { flow, data, config } = plan;
  try {
    const examples = { examples: examplesOf(data), count: data.count };
    const { share } = ranks;
    await followTrainer(
      { flow, executor, data: examples, check, share, ...trainerOptions(config) },
      ranks.comm,
    );
  } finally {
    await executor.dispose();
  }
}
