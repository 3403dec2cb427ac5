import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Executor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { fit } from "flowify";
import { readTable, tableFlow } from "flowify/tables";
import { rowBaselines } from "../packages/cli/src/baselines/rows.js";
import { withExecutor } from "../packages/cli/src/executors.js";
import { autoSchedule } from "../packages/cli/src/networks/auto.js";
import { meanOf } from "../packages/cli/src/statistics.js";
import type { Given } from "./flags.js";
import { furtherLaws } from "./further-laws.js";
import { type Cell, laws as knownLaws } from "./known-laws.js";
import { chosenBy, print, say } from "./processes.js";

type TableRows = Awaited<ReturnType<typeof readTable>>;

const laws = { ...knownLaws, ...furtherLaws };

const SIZES = [200, 2000, 20_000] as const;
const FRESH = 4000;

/** What a run of a table holds out by default: this part of the rows, and this many at most. */
const HELD_OUT = { part: 0.1, most: 1000 } as const;

/** Mean log p of fresh rows in nats: of the truth, of a run by default, and of each baseline. */
type LawResult = Readonly<{
  law: string;
  rows: number;
  seed: number;
  truth: number;
  run: number;
  baselines: Readonly<Record<string, number>>;
  seconds: number;
}>;

/** The rows as a table reads them. */
async function tableOf(
  folder: string,
  name: string,
  rows: readonly Cell[][],
  like?: TableRows,
): Promise<TableRows> {
  const path = join(folder, `${name}.csv`);
  const lines = [rows[0]!.map((_, i) => `c${i}`), ...rows].map((row) => row.join(","));
  writeFileSync(path, `${lines.join("\n")}\n`);
  return readTable(path, like && { schema: like.schema });
}

async function benchLaw(
  executor: Executor,
  folder: string,
  name: string,
  count: number,
  seed: number,
): Promise<LawResult> {
  const law = laws[name]!;
  const rng = makeRng(seed, count);
  const drawn = Array.from({ length: count }, () => law.draw(rng));
  const own = makeRng(seed, 1);
  const fresh = Array.from({ length: FRESH }, () => law.draw(own));
  const train = await tableOf(folder, "train", drawn);
  const test = await tableOf(folder, "fresh", fresh, train);
  const set = (table: TableRows) => ({
    name,
    split: "all" as const,
    hash: "",
    count: table.count,
    rows: table.rows,
    fillLog: table.fillLog,
    shape: [table.names.length] as const,
    schema: table.schema,
  });
  const flow = tableFlow(train.schema);
  const held = Math.min(HELD_OUT.most, Math.floor(HELD_OUT.part * count));
  const began = performance.now();
  const model = await fit(flow, train.rows, {
    ...autoSchedule({ ...set(train), count: count - held }),
    patience: 5,
    executor,
    seed,
    validation: held / count,
  });
  const seconds = (performance.now() - began) / 1000;
  const run = meanOf((await model.logProb(test.rows)).map((log, i) => log - test.fillLog[i]!));
  await model.dispose();
  const baselines = await rowBaselines(set(train), set(test), executor, seed, flow.network as never);
  return {
    law: name,
    rows: count,
    seed,
    truth: meanOf(fresh.map((row) => law.logProb(row))),
    run,
    baselines: Object.fromEntries(baselines.map(({ name: each, nll }) => [each, -meanOf(nll)])),
    seconds,
  };
}

/** Densities of known laws: a line of JSON each on standard output, a line for people on standard error. */
export async function benchLaws({ only = "", rows, seed, threads }: Given): Promise<void> {
  const names = chosenBy(only, Object.keys(laws));
  const folder = mkdtempSync(join(tmpdir(), "flowify-laws-"));
  await withExecutor({ threads }, { warn: say }, async (executor) => {
    for (const name of names)
      for (const count of rows === undefined ? SIZES : [rows]) {
        const result = await benchLaw(executor, folder, name, count, seed);
        print(result);
        say(lineOf(result));
      }
  }).finally(() => rmSync(folder, { recursive: true, force: true }));
}

function lineOf({ law, rows, truth, run, baselines, seconds }: LawResult): string {
  const [best] = Object.entries(baselines).toSorted(([, a], [, b]) => b - a);
  const [name, figure] = best as [string, number];
  const margin = run - figure;
  return `${law} ${rows}: ${run.toFixed(3)} (truth ${truth.toFixed(3)}); best baseline ${name} ${figure.toFixed(3)}, ${margin < 0 ? "loses by" : "wins by"} ${Math.abs(margin).toFixed(3)}; ${seconds.toFixed(1)} s`;
}
