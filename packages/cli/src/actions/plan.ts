import { UsageError } from "@flowify/core";
import { openExecutor } from "../executors.js";
import { writeFileAtomic } from "../files/atomic.js";
import { isBuilt } from "../networks/auto.js";
import { flowOf, networkNamed } from "../networks/choose.js";
import { planChart } from "../pictures/plan-chart.js";
import { svgToPng } from "../pictures/png.js";
import { fitNetwork, type Network, type PlannedStep, planStep, type Timed } from "../plan/cost-model.js";
import { measureNetwork, stepTimes } from "../plan/measure.js";
import { inJob, joinRanks, type Ranks } from "../ranks/ranks.js";
import { ratesOf } from "../recipes.js";
import { expectPlaceFor } from "../runs/folder.js";
import type { CliContext } from "../ui/context.js";
import { table } from "../ui/table.js";
import { createTerminal, silentTerminal, type Terminal } from "../ui/terminal.js";
import type { DevicesFlags } from "./devices-flags.js";

/** Measures the pieces of a training step in this job, and prints the modelled step of more ranks. */
export async function planRanks(this: CliContext, most: number, flags: DevicesFlags): Promise<void> {
  const ranks = await joinRanks(this.host.env);
  await inJob(ranks, () => planIn.call(this, ranks, most, flags));
}

async function planIn(
  this: CliContext,
  ranks: Ranks | undefined,
  most: number,
  flags: DevicesFlags,
): Promise<void> {
  const { stdout, stderr, env } = this.host;
  const { json = false, out } = flags;
  const silent = ranks !== undefined && ranks.rank > 0;
  const terminal = silent ? silentTerminal(env) : createTerminal({ stdout, stderr, env, json });
  if (out !== undefined) expectPlaceFor(out);
  const plan = await measured(ranks, most, flags, terminal);
  if (silent) return;
  sayPlan(terminal, plan);
  if (out !== undefined) await writeFileAtomic(out, await picture(plan));
}

type Plan = Readonly<{
  network: string;
  batch: number;
  /** Modelled steps; the one of a single rank is measured. */
  planned: readonly PlannedStep[];
  /** With several ranks: sums between them and the network that they fit, and the whole step of this job, modelled and measured. */
  sums?: readonly Timed[];
  links?: Network;
  /** How much longer ranks of this job compute than one of them alone: more than 1 where they share cores. */
  crowding?: number;
  here?: Readonly<{ ranks: number; stepMs: number; modelledMs: number }>;
}>;

async function measured(
  ranks: Ranks | undefined,
  most: number,
  flags: DevicesFlags,
  terminal: Terminal,
): Promise<Plan> {
  const network = networkNamed(flags.network ?? "fmlp");
  if (isBuilt(network.name))
    throw new UsageError(`${network.name} is built for data, and a plan reads none\nname another --network`);
  const { batch = ratesOf(network.name).batch } = flags;
  if (most > batch)
    throw new UsageError(
      `--plan ${most}: a batch of ${batch} has no example for each rank\nchoose a larger --batch`,
    );
  const threads = flags.threads ?? ranks?.cores;
  const executor = await openExecutor("auto", terminal, threads === undefined ? {} : { threads });
  try {
    const flow = flowOf(network, { density: "mixture" });
    const times = await stepTimes(flow, executor, batch, ranks?.comm);
    const one = planStep(batch, { ranks: 1, ...(await times.compute(1)) });
    if (ranks === undefined || ranks.size === 1) return { network: network.name, batch, planned: [one] };
    const { size, comm, share } = ranks;
    const own = await times.compute(size);
    const sums = await measureNetwork(comm, own.summed);
    const links = fitNetwork(sums);
    const crowding = await times.crowding();
    const stepOf = async (count: number): Promise<PlannedStep> => {
      const part = count === size ? own : await times.compute(count);
      return planStep(batch, { ranks: count, ...part, crowding }, links);
    };
    const planned = [one];
    for (const count of powersOf2(most)) planned.push(await stepOf(count));
    const modelled = planned.find(({ ranks: count }) => count === size) ?? (await stepOf(size));
    const here = { ranks: size, stepMs: await times.whole(share), modelledMs: modelled.stepMs };
    return { network: network.name, batch, planned, sums, links, crowding, here };
  } finally {
    await executor.dispose();
  }
}

/** Ranks that compute so much longer than one alone share its cores. */
const SHARED = 1.25;

/** 2, 4, 8, … up to a number. */
const powersOf2 = (most: number): number[] =>
  Array.from({ length: Math.floor(Math.log2(most)) }, (_, i) => 2 ** (i + 1));

function sayPlan(terminal: Terminal, plan: Plan): void {
  const { network, batch, planned, links, crowding = 1, here } = plan;
  const [one] = planned;
  const rows = planned.map(({ ranks, computeMs, sumsMs, stepMs, examplesPerSecond }) => {
    const faster = examplesPerSecond / (one?.examplesPerSecond ?? Number.NaN);
    return [
      String(ranks),
      computeMs.toFixed(1),
      sumsMs.toFixed(1),
      stepMs.toFixed(1),
      examplesPerSecond.toFixed(0),
      faster.toFixed(2),
    ];
  });
  const head = ["ranks", "compute ms", "sums ms", "step ms", "examples/s", "speedup"];
  for (const line of table(
    [head, ...rows],
    head.map(() => true),
  ))
    terminal.say(line);
  terminal.say();
  terminal.say(`${network}, batches of ${batch}; a rank with so many threads as each has here`);
  if (links && here) {
    const { alphaMs, betaMs } = links;
    const gigabytes = betaMs > 0 ? (1e-6 / betaMs).toPrecision(3) : "∞";
    terminal.say(
      `network between ${here.ranks} ranks: ${(1000 * alphaMs).toFixed(1)} µs a message, ${gigabytes} GB/s`,
    );
    if (crowding > SHARED)
      terminal.say(
        `ranks share cores: one computes ${crowding.toFixed(2)} times as long as it does alone, and others compute while it waits`,
      );
    const error = (100 * (here.modelledMs - here.stepMs)) / here.stepMs;
    terminal.say(
      `a step of ${here.ranks} ranks: measured ${here.stepMs.toFixed(1)} ms, modelled ${here.modelledMs.toFixed(1)} ms (${error.toFixed(0)} %)`,
    );
  } else terminal.say("start it with mpirun -n 2 or more to measure the network between the ranks as well");
  terminal.document(plan);
}

async function picture({ network, batch, planned, here }: Plan): Promise<Uint8Array> {
  const one = planned.slice(0, 1);
  const whole = here ? [{ ranks: here.ranks, examplesPerSecond: (1000 * batch) / here.stepMs }] : [];
  const title = `${network}, batches of ${batch}`;
  return svgToPng(await planChart({ title, modelled: planned, measured: [...one, ...whole] }));
}
