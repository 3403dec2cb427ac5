import { UsageError } from "@flowify/core";
import { availableCores } from "@flowify/onnx";
import { openExecutor } from "../executors.js";
import { isBuilt } from "../networks/auto.js";
import { flowOf, networkNamed } from "../networks/choose.js";
import { stepTimes } from "../plan/measure.js";
import { ratesOf } from "../recipes.js";
import { rememberSplit, type Split, splitsFile, splitsOf } from "../runs/splits.js";
import type { CliContext } from "../ui/context.js";
import { table } from "../ui/table.js";
import { createTerminal } from "../ui/terminal.js";
import type { DevicesFlags } from "./devices-flags.js";

type Measured = Split & Readonly<{ stepMs: number; examplesPerSecond: number }>;

/** Measures a training step with each split of the cores, and remembers the fastest one. */
export async function measureSplits(this: CliContext, flags: DevicesFlags): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false } = flags;
  const terminal = createTerminal({ stdout, stderr, env, json });
  const network = networkNamed(flags.network ?? "fmlp");
  if (isBuilt(network.name))
    throw new UsageError(
      `${network.name} is built for data, and --measure reads none\nname another --network`,
    );
  const { batch = ratesOf(network.name).batch } = flags;
  const flow = flowOf(network, { density: "mixture" });
  const cores = availableCores();
  const measured: Measured[] = [];
  for (const split of splitsOf(cores)) {
    terminal.note(`${split.workers} workers, ${split.threads} threads`);
    const executor = await openExecutor("native", terminal, split);
    try {
      const { compute } = await stepTimes(flow, executor, batch, undefined);
      const { computeMs: stepMs } = await compute(1);
      measured.push({ ...split, stepMs, examplesPerSecond: (1000 * batch) / stepMs });
    } finally {
      await executor.dispose();
    }
  }
  const best = measured.reduce((a, b) => (b.stepMs < a.stepMs ? b : a));
  await rememberSplit(network, batch, { workers: best.workers, threads: best.threads });
  const rows = measured.map(({ workers, threads, stepMs, examplesPerSecond }) =>
    [workers, threads, stepMs.toFixed(1), examplesPerSecond.toFixed(0)].map(String),
  );
  const head = ["workers", "threads", "step ms", "examples/s"];
  for (const line of table(
    [head, ...rows],
    head.map(() => true),
  ))
    terminal.say(line);
  terminal.say();
  terminal.say(`${network.name}, batches of ${batch}, ${cores} cores that this process may use`);
  terminal.say(
    `the best split is remembered in ${splitsFile()}: flowify train uses it unless --workers or --threads are given`,
  );
  terminal.document({ network: network.name, batch, cores, measured, best });
}
