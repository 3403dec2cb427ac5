import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import {
  mixedColumns,
  mixedCsv,
  mixedLogProb,
  mixedRows,
  mixedRowsOf,
} from "../../test/tables/mixed-table.js";
import { association, twoSampleP } from "../../test/tables/two-samples.js";
import { atMost, type Check, type Row } from "./check.js";
import { runNode } from "./node.js";
import { GIVEN } from "./pretrained-files.js";

const flowify = "packages/cli/bin/flowify.js";

/** Rows of the mixed table, held-out rows, and rows of a two-sample test and of the associations. */
const ROWS = { table: 100_000, heldOut: 5000, tested: 2000, paired: 20_000 } as const;
const TRAINING = "--steps 2500 --batch 512 --validation 4000 --ema 0.998 --pictures none --json".split(" ");

/** Networks of others with rows as input, and steps of their inverses. */
const CONVERTED = { marabou_linear_bn: 2, sehtasham_sensor_ae: 10, tita_policy_elu: 33 } as const;
const CONVERTED_ROWS = 4000;
const CONVERTED_STEPS = "200";

type Rows = { [what: string]: Row };

/** A table whose true density is known, and networks of others on rows of a table. */
export const tables: Check = {
  name: "tables",
  needs: [GIVEN],
  async run({ dir, scratch, say }) {
    return { ...(await mixedTable(scratch, say)), ...(await convertedNetworks(dir, scratch, say)) };
  },
};

async function mixedTable(scratch: string, say: (text: string) => void): Promise<Rows> {
  const [table, other, run] = [
    join(scratch, "mixed.csv"),
    join(scratch, "other.csv"),
    join(scratch, "mixed"),
  ];
  writeFileSync(table, mixedCsv(mixedRows(ROWS.table, 1)));
  const heldOut = mixedRows(ROWS.heldOut, 2);
  writeFileSync(other, mixedCsv(heldOut));
  const started = performance.now();
  await runNode(flowify, ["train", "--data", table, "--out", run, ...TRAINING]);
  say(`mixed table trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const scored = join(scratch, "scored.csv");
  await runNode(flowify, [
    "score",
    run,
    "--data",
    other,
    "--score",
    "likelihood",
    "--out",
    scored,
    "--quiet",
  ]);
  const lines = readFileSync(scored, "utf8").trim().split("\n");
  const at = lines[0]!.split(",").indexOf("log_prob");
  const found = lines.slice(1).map((line) => Number(line.split(",")[at]));
  const below = heldOut.reduce((sum, row, i) => sum + mixedLogProb(row) - found[i]!, 0) / ROWS.heldOut;

  const drawn = join(scratch, "drawn.jsonl");
  await runNode(flowify, ["sample", run, "-n", String(ROWS.paired), "--out", drawn, "--quiet"]);
  const sampled = mixedColumns(mixedRowsOf(readFileSync(drawn, "utf8")));
  const real = mixedColumns(mixedRows(ROWS.paired, 3));
  const names = Object.keys(real) as (keyof typeof real)[];
  const tested = names.map((name) => ({
    name,
    p: twoSampleP(sampled[name].slice(0, ROWS.tested), real[name].slice(0, ROWS.tested)),
  }));
  const least = tested.reduce((a, b) => (b.p < a.p ? b : a));
  for (const { name, p } of tested) say(`${name}: p = ${p.toFixed(3)}`);
  const pairs = names.flatMap((a, i) =>
    names.slice(i + 1).map((b) => ({
      pair: `${a}, ${b}`,
      off: Math.abs(association(sampled[a], sampled[b]) - association(real[a], real[b])),
    })),
  );
  const worst = pairs.reduce((a, b) => (b.off > a.off ? b : a));
  return {
    "mixed table, log p below the truth, nats a row": atMost(below, 0.1, (value) => value.toFixed(3)),
    [`mixed table, least p of the two-sample tests (${least.name}, ${ROWS.tested} rows)`]: {
      figure: least.p.toFixed(3),
      limit: "> 0.01",
      verdict: least.p > 0.01 ? "ok" : "FAILED",
    },
    [`mixed table, largest difference of associations (${worst.pair})`]: atMost(worst.off, 0.05, (value) =>
      value.toFixed(3),
    ),
  };
}

/** Rows of so many columns that depend on a third as many numbers. */
function factorCsv(columns: number): string {
  const rng = makeRng(columns);
  const factors = Math.ceil(columns / 3);
  const weights = Array.from({ length: columns }, () => Array.from({ length: factors }, () => rng.normal()));
  const lines = Array.from({ length: CONVERTED_ROWS }, () => {
    const f = Array.from({ length: factors }, () => rng.normal());
    return weights
      .map((w) => w.reduce((sum, each, i) => sum + each * f[i]!, 0.3 * rng.normal()) / Math.sqrt(factors))
      .join(",");
  });
  return `${Array.from({ length: columns }, (_, i) => `s${i}`).join(",")}\n${lines.join("\n")}\n`;
}

async function convertedNetworks(dir: string, scratch: string, say: (text: string) => void): Promise<Rows> {
  const rows: Rows = {};
  for (const [file, columns] of Object.entries(CONVERTED)) {
    const [table, network, run] = ["csv", "network", "run"].map((end) => join(scratch, `${file}.${end}`)) as [
      string,
      string,
      string,
    ];
    writeFileSync(table, factorCsv(columns));
    await runNode(flowify, [
      "convert",
      join(dir, GIVEN, `${file}.onnx`),
      "--out",
      network,
      "--grain",
      "layer",
      "--json",
    ]);
    const flags = ["--steps", CONVERTED_STEPS, "--pictures", "none", "--json"];
    await runNode(flowify, ["train", "--from", network, "--data", table, "--out", run, ...flags]);
    const measured = readFileSync(join(run, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { step: number; split?: string; nll?: number })
      .filter(({ split }) => split === "validation");
    const [first, ...later] = measured.map(({ nll }) => nll!);
    const best = Math.min(...later);
    say(`${file}: ${first!.toFixed(2)} nats a row at the start, ${best.toFixed(2)} at best`);
    rows[`${file} on rows of ${columns} columns, nats a row (start ${first!.toFixed(2)})`] = {
      figure: best.toFixed(2),
      limit: "below the start",
      verdict: best < first! ? "ok" : "FAILED",
    };
  }
  return rows;
}
