import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { environment, environmentChanges } from "../environment.js";
import { defineCommand, type Running } from "../flags/define.js";
import { type FlagsOf, text } from "../flags/flag.js";
import { commonFlags, imagesFlags, runFolder } from "../flags/shared.js";
import { readRunConfig } from "../runs/config-file.js";
import { runPaths } from "../runs/folder.js";
import { type MetricsRecord, readMetrics, withoutTimes } from "../runs/metrics.js";
import { runTraining } from "../training/run-training.js";
import { planAgain } from "../training/train-plan.js";
import { formatCount } from "../ui/format.js";
import { watchTraining } from "../ui/interrupt.js";

const flags = {
  dataDir: imagesFlags.dataDir,
  out: text("DIR", "Folder for the new run (default: a temporary folder, removed at the end)"),
  ...commonFlags,
};

type ReproduceFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder],
  flags,
  help: `Checks that the data are those of the run, trains it again from its configuration, and compares every
line of the metrics. The lines must be identical if versions, processor and threads are the same, and agree
to a thousandth otherwise. flowify uses as many threads as the run did (see config.json), because another
number of threads changes the order of sums; --threads overrides it.
A finished run is compared to its end, an unfinished one as far as it got. Exit status 1 means that they differ.

--json prints one document:
  { run, equal, exact, lines, differences: [{ step, field, before, now }], environment: [...] }

EXAMPLES
  flowify reproduce runs/mnist-auto`,
  run: reproduce,
});

/** Tolerance for figures of another machine or version, relative to max(1, |figure|). */
const TOLERANCE = 1e-3;

/** Most differences to list. */
const LISTED = 10;

type Difference = Readonly<{ step: number; field: string; before: unknown; now: unknown }>;

async function reproduce(
  { terminal, host, process }: Running,
  flags: ReproduceFlags,
  folder: string,
): Promise<void> {
  const config = readRunConfig(folder);
  const before = readMetrics(runPaths(folder).metrics).map(withoutTimes);
  const last = before.at(-1);
  if (!last)
    throw new UsageError(
      `${folder}: its metrics.jsonl has no lines, expected at least one to compare\ntrain the run further with flowify train --resume ${folder}`,
    );
  // the numbers of threads and workers determine the order of sums: use those of the run
  const { workers, parts } = config.environment ?? {};
  const threads = flags.threads ?? config.environment?.threads ?? config.environment?.cores;
  const changes = config.environment
    ? environmentChanges(config.environment, environment({ threads, workers, parts }))
    : ["the run does not record the environment it was trained in"];
  for (const change of changes) terminal.note(change);
  const scratch = flags.out === undefined ? mkdtempSync(join(tmpdir(), "flowify-reproduce-")) : undefined;
  const out = flags.out ?? join(scratch as string, "run");
  const { dataDir, device } = flags;
  const again = { out, ...(dataDir !== undefined && { dataDir }), ...(device && { device }) };
  const plan = await planAgain(folder, again);
  const interrupt = watchTraining(host, terminal);
  try {
    await runTraining(plan, { ...flags, threads, workers, parts, terminal, interrupt });
    const status = interrupt.status();
    if (status !== undefined) {
      process.exitCode = status;
      return;
    }
    const now = readMetrics(runPaths(out).metrics).map(withoutTimes);
    const exact = changes.length === 0 && plan.device === config.device;
    const found = differences(before, now.slice(0, before.length), exact ? 0 : TOLERANCE);
    const lines = formatCount(before.length);
    const how = exact ? "to the last digit" : `within ${TOLERANCE} relative`;
    terminal.say(
      found.length === 0
        ? `equal: ${lines} lines of metrics, ${how}`
        : `different: ${formatCount(found.length)} figures in ${lines} lines of metrics, ${how}`,
    );
    for (const { step, field, before: old, now: fresh } of found.slice(0, LISTED))
      terminal.say(`  step ${step}, ${field}: ${String(old)}, now ${String(fresh)}`);
    terminal.document({
      run: folder,
      equal: found.length === 0,
      exact,
      lines: before.length,
      differences: found,
      environment: changes,
    });
    if (found.length > 0) process.exitCode = 1;
  } finally {
    interrupt.stop();
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

/** Every field of every line in which two logs differ by more than the tolerance. */
function differences(
  before: readonly MetricsRecord[],
  now: readonly MetricsRecord[],
  tolerance: number,
): Difference[] {
  return before.flatMap((line, i) => {
    const [record, other] = [flat(line), flat(now[i] ?? {})];
    const fields = new Set([...Object.keys(record), ...Object.keys(other)]);
    return [...fields].flatMap((field) => {
      const [old, fresh] = [record[field], other[field]];
      if (old === fresh || (typeof old === "number" && near(old, fresh, tolerance))) return [];
      return [{ step: line.step, field, before: old, now: fresh }];
    });
  });
}

/** The fields of a line, those of its ledger as `ledger.LAYER`. */
const flat = (record: object): { [field: string]: unknown } =>
  Object.fromEntries(
    Object.entries(record).flatMap(([field, value]: [string, unknown]) =>
      typeof value === "object" && value !== null
        ? Object.entries(value).map(([layer, bpd]) => [`${field}.${layer}`, bpd])
        : [[field, value]],
    ),
  );

const near = (a: number, b: unknown, tolerance: number): boolean =>
  typeof b === "number" && Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
