import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import type { Cell } from "../../src/data/table/cell.js";
import { readFinished, withRegression } from "../../src/regression/open-regression.js";
import { widthOf } from "../../src/regression/table-regression.js";
import { followRows } from "../../src/series/follow-rows.js";
import { seriesScorer } from "../../src/series/score-series.js";
import { openEncodedTable } from "../../src/tables/read-rows.js";
import { silentTerminal } from "../../src/ui/terminal.js";
import { expectRefusal } from "../refusal.js";
import { runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();
const table = join(root, "load.csv");
const run = join(root, "run");
const HOURS = 240;
const day = (hours: number): string => new Date(Date.UTC(2024, 1, 1) + hours * 3_600_000).toISOString();

/** A load that stays near where it was, and a state, hour by hour; two hours are lacking, and rows are out of order. */
function hours(): string[] {
  const random = makeRng(4);
  let level = 50;
  const rows = Array.from({ length: HOURS }, (_, i) => {
    level = 50 + 0.95 * (level - 50) + random.normal();
    const load = level + 5 * Math.sin((2 * Math.PI * i) / 12);
    return `${day(i)},${i === 30 ? "" : load.toFixed(3)},${random.uniform() < 0.5 ? "on" : "off"}`;
  });
  return rows.filter((_, i) => i !== 100 && i !== 101);
}

/** The rows of a file that a command writes to standard output. */
async function printed(...args: string[]): Promise<{ rows: string[][]; stdout: string; stderr: string }> {
  const { status, stdout, stderr } = await runCommand(args);
  if (status !== 0) throw new Error(stderr);
  return {
    stdout,
    stderr,
    rows: stdout
      .trim()
      .split("\n")
      .map((line) => line.split(",")),
  };
}

let trained: { targets: unknown; examples: number };
let said: string;
let forecast: Awaited<ReturnType<typeof printed>>;
const picture = join(root, "fan.png");
beforeAll(async () => {
  const rows = hours();
  [rows[3], rows[7]] = [rows[7] as string, rows[3] as string];
  writeFileSync(table, ["hour,load,state", ...rows, ""].join("\n"));
  const what = ["--time", "hour", "--predict", "load", "--given", "state", "--lags", "12", "--horizon", "6"];
  const how = ["--steps", "200", "--ensemble", "1", "--threads", "1", "--out", run, "--json"];
  const { stdout, stderr } = await printed("train", "--data", table, ...what, ...how);
  trained = JSON.parse(stdout);
  said = stderr;
  forecast = await printed("predict", run, "--data", table, "--picture", picture);
}, 60_000);

describe("train --time", () => {
  it("sorts rows, and gives none of them lags across a gap", () => {
    expect(said).toContain('rows are not in the order of "hour": they were sorted');
    expect(said).toContain('"hour" has 1 gap: rows after a gap need 12 rows behind it');
    expect(said).toContain("load, state from the last 12 rows and the calendar");
    // each stretch loses its first 12 rows, a row has no load, and a fifth is held out
    const known = HOURS - 2 - 24 - 1;
    expect(trained.examples).toBe(known - Math.floor(known / 5));
  });

  it("measures the last rows and forecasts of them, beside values of the past", async () => {
    const { stdout, stderr } = await printed("evaluate", run, "--json");
    const { targets } = JSON.parse(stdout);
    expect(targets).toEqual(trained.targets);
    expect(stderr).toContain(`load on the last 42 rows of ${table}`);
    expect(stderr).toContain("load: forecasts of 1 to 6 rows, from 37 rows on");
    expect(targets[0].lagBaselines.map(({ name }: { name: string }) => name)).toEqual([
      "the last value",
      "the value 12 rows ago",
    ]);
    expect(targets[0].ahead.lagBaselines).toHaveLength(2);
    expect(targets[0].ahead.crps).toBeLessThan(targets[0].ahead.lagBaselines[0].crps);
  });

  it("measures another file by the same baselines", async () => {
    const other = join(root, "other.csv");
    writeFileSync(other, ["hour,load,state", ...hours().slice(102, 170), ""].join("\n"));
    const { stdout } = await printed("evaluate", run, "--data", other, "--json");
    const [load] = JSON.parse(stdout).targets;
    for (const { coverage } of load.ahead.lagBaselines) expect(coverage[2].covered).toBeGreaterThan(0.6);
  });

  it("learns a density of the next row", async () => {
    const terminal = silentTerminal({});
    const mass = await withRegression(run, {}, terminal, async (model, document) => {
      const { rows } = await (await openEncodedTable(table, { ...document, warn() {} })).all();
      const [width, count] = [widthOf(document), 4000];
      const [target] = model.targets;
      const spread = Float32Array.from(
        { length: count * width },
        (_, i) => rows[50 * width + (i % width)] as number,
      );
      for (let i = 0; i < count; i++) spread[i * width + (target?.place ?? 0)] = 100 * (i / count);
      const [logs = []] = await model.logProb(spread);
      return Array.from(logs).reduce((sum, log) => sum + Math.exp(log) * (100 / count), 0);
    });
    expect(mass).toBeCloseTo(1, 2);
  });
});

describe("predict", () => {
  it("continues the table, step by step and wider", async () => {
    const { rows, stderr } = forecast;
    const [head, ...steps] = rows;
    expect(head?.slice(0, 5)).toEqual(["hour", "load mean", "load median", "load q0.05", "load q0.95"]);
    expect(head?.slice(5).toSorted()).toEqual(["state = off", "state = on", "state most probable"]);
    expect(steps.map(([time]) => time)).toEqual(Array.from({ length: 6 }, (_, h) => day(HOURS + h)));
    const widths = steps.map((step) => Number(step[4]) - Number(step[3]));
    expect(widths[5]).toBeGreaterThan(1.3 * (widths[0] as number));
    expect(stderr).toContain("6 rows behind");
    expect(readFileSync(picture).subarray(1, 4).toString()).toBe("PNG");
  });

  it("writes paths, whose steps depend on each other and have the mean of the quantiles", async () => {
    const how = ["predict", run, "--data", table, "--paths", "200", "--seed", "3"];
    const { rows } = await printed(...how);
    const { rows: again } = await printed(...how, "--horizon", "1");
    expect(again.slice(1)).toEqual(rows.slice(1).filter((_, i) => i % 6 === 0));
    expect(rows[0]).toEqual(["path", "hour", "load", "state"]);
    expect(rows.length).toBe(1 + 200 * 6);
    const at = (step: number): number[] =>
      rows.slice(1).flatMap((row, i) => (i % 6 === step ? [Number(row[2])] : []));
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const covariance = (a: readonly number[], b: readonly number[]): number =>
      mean(a.map((value, i) => (value - mean(a)) * ((b[i] as number) - mean(b))));
    const [first, last] = [at(2), at(5)];
    const correlation =
      covariance(first, last) / Math.sqrt(covariance(first, first) * covariance(last, last));
    expect(correlation).toBeGreaterThan(0.4);
    expect(Math.abs(mean(last) - Number(forecast.rows[6]?.[1]))).toBeLessThan(0.5);
  });

  it("needs whole rows at the end of the past", async () => {
    const short = join(root, "short.csv");
    writeFileSync(short, ["hour,load,state", ...hours().slice(90, 107), ""].join("\n"));
    await expectRefusal(
      ["predict", run, "--data", short],
      2,
      "7 rows stand at its end without a gap, expected at least 13",
    );
    writeFileSync(short, "hour,state\n2024-01-01,on\n");
    await expectRefusal(["predict", run, "--data", short], 2, 'lacks the column "load", whose last values');
  });

  it("refuses --interval: forecasts have no guarantee", async () => {
    await expectRefusal(
      ["predict", run, "--data", table, "--interval", "0.8"],
      2,
      "--interval is not for a run with --time: forecasts have no intervals with a guarantee",
      "ask for quantiles with --quantiles P,P",
    );
  });

  it("says so of values that are missing in the past", async () => {
    const gappy = join(root, "missing.csv");
    const rows = hours().slice(0, 40);
    writeFileSync(gappy, ["hour,load,state", ...rows, ""].join("\n").replace(",on\n", ",\n"));
    const { rows: next, stderr } = await printed("predict", run, "--data", gappy, "--horizon", "2");
    expect(next.length).toBe(3);
    expect(next[2]?.slice(1, 5).every((cell) => Number.isFinite(Number(cell)))).toBe(true);
    expect(stderr).toContain("a missing value");
  });
});

describe("score", () => {
  /** The hours with one load that is far off for the time. */
  const odd = (): string[] =>
    hours().map((line, i) => (i === 60 ? line.replace(/,[\d.]+,/, ",70.000,") : line));
  const file = join(root, "odd.csv");
  beforeAll(() => writeFileSync(file, ["hour,load,state", ...odd(), ""].join("\n")));
  const judged = ["--reasons", "1", "--false-alarms", "0.03"];

  it("finds a row that is odd after those before it, and names a column of the row itself", async () => {
    const { rows, stderr } = await printed("score", run, "--data", file, ...judged);
    const [head = [], ...scored] = rows;
    expect(head).toEqual(
      "hour,score,p,flag,evidence,changed,reason_1,reason_1_value,reason_1_usual".split(","),
    );
    const worst = scored.toSorted((a, b) => Number(b[1]) - Number(a[1]))[0] ?? [];
    expect([worst[0], worst[3], worst[6], worst[7]]).toEqual([day(60), "1", "load", "70.000"]);
    expect(Math.abs(Number(worst[8]) - Number(hours()[60]?.split(",")[1]))).toBeLessThan(4);
    const flags = scored.filter(([, , , flag]) => flag === "1").length;
    expect(flags).toBeLessThan(0.1 * scored.length);
    expect(stderr).toContain("no change");
  });

  it("--follow writes the same scores, each before the next row comes", async () => {
    const warnings: string[] = [];
    const followed = await withRegression(run, {}, silentTerminal({}), async (model, document) => {
      const scorer = seriesScorer(model, document, { falseAlarms: 0.03, reasons: 1 });
      const found: Cell[][] = [];
      const before: number[] = [];
      async function* lines(): AsyncGenerator<string> {
        yield "hour,load,state";
        const own = odd().slice(40, 75);
        const bad = [`${day(10)},50,on`, "noon,50,on", "1,2", `${day(75)},much,on`];
        for (const line of [...own, ...bad]) {
          before.push(found.length);
          yield line;
        }
        // behind a damaged row nothing is written
        expect(before).toEqual([...own, ...bad].map((_, i) => Math.min(i, own.length)));
        yield `${day(90)},50,on`;
      }
      for await (const cells of followRows(document, scorer, lines(), (line) => warnings.push(line)))
        found.push(cells);
      return found;
    });
    const { rows } = await printed("score", run, "--data", file, ...judged);
    const scores = new Map(rows.map((row) => [row[0], row]));
    expect(followed.length).toBe(36);
    expect(followed[11]?.slice(0, 3)).toEqual([day(51), null, null]);
    expect(followed[35]?.slice(0, 3)).toEqual([day(90), null, null]);
    for (const [name, score, p, flag, , , reason] of followed.slice(12, 35)) {
      const whole = scores.get(String(name)) ?? [];
      expect(Math.abs(Number(whole[1]) - Number(score))).toBeLessThan(1e-3);
      expect([Number(whole[2]), whole[3], whole[6]]).toEqual([
        expect.closeTo(Number(p), 6),
        String(flag),
        reason ?? "",
      ]);
    }
    expect(warnings).toHaveLength(5);
    for (const [i, part] of [
      "no later than that of the row before it: it is left out",
      'has the time "noon", expected a date or a number',
      "has 2 cells, expected 3",
      'column "load" holds "much", expected a number',
      "comes after a gap: the next rows need 12 rows behind it",
    ].entries())
      expect(warnings[i]).toContain(part);
  });

  it("--follow reads semicolons, and numbers as the training file has them", async () => {
    const both = await withRegression(run, {}, silentTerminal({}), async (model, document) => {
      const scorer = seriesScorer(model, document, { falseAlarms: 0.03, reasons: 0 });
      const columns = document.schema.columns.map((column) =>
        column.name === "load" ? { ...column, writtenAs: "1.234,50" as const } : column,
      );
      const commas = { ...document, schema: { ...document.schema, columns } };
      async function* lines(write: (cell: string) => string, separator: string): AsyncGenerator<string> {
        for (const line of ["hour,load,state", ...odd().slice(40, 56)])
          yield line.split(",").map(write).join(separator);
      }
      const refuse = (line: string): never => expect.fail(line);
      const found: Cell[][][] = [[], []];
      for await (const cells of followRows(document, scorer, lines(String, ","), refuse))
        found[0]!.push(cells);
      const written = lines((cell) => (/^[\d.]+$/.test(cell) ? cell.replace(".", ",") : cell), ";");
      for await (const cells of followRows(commas, scorer, written, refuse)) found[1]!.push(cells);
      return found;
    });
    expect(both[0]).toHaveLength(16);
    expect(both[0]![15]![1]).toBeTypeOf("number");
    expect(both[1]!.map((row) => row.slice(0, 4))).toEqual(both[0]!.map((row) => row.slice(0, 4)));
  });

  it("--window judges rows together, by the mean of their scores", async () => {
    const [alone, together] = [
      await printed("score", run, "--data", table),
      await printed("score", run, "--data", table, "--window", "4"),
    ].map(({ rows }) => rows.slice(1).map((row) => row.map(Number)));
    for (const [i, row] of (together ?? []).entries()) {
      const own = (alone ?? []).slice(Math.max(0, i - 3), i + 1).map(([, score]) => score as number);
      expect(row[1]).toBeCloseTo(own.reduce((a, b) => a + b, 0) / own.length, 5);
      expect(row[4]).toBe(alone?.[i]?.[4]);
    }
    const held = (together ?? []).slice(-42).map(([, , p]) => p as number);
    expect(held.filter((p) => p < 0.5).length).toBeGreaterThan(14);
    expect(held.filter((p) => p < 0.5).length).toBeLessThan(28);
  });

  it("says since when rows have changed", async () => {
    const changed = join(root, "changed.csv");
    const random = makeRng(8);
    const lines = hours().map((line, i) =>
      i < 150 ? line : line.replace(/,[\d.]+,/, `,${(50 + 12 * random.normal()).toFixed(3)},`),
    );
    writeFileSync(changed, ["hour,load,state", ...lines, ""].join("\n"));
    const { rows, stderr } = await printed("score", run, "--data", changed);
    expect(stderr).toContain("nothing can be flagged at false alarms of 0.01: 42 held-out examples");
    expect(rows.at(-1)?.[5]).toBe("1");
    const since = /rows have changed since (\S+)/.exec(stderr)?.[1] ?? "";
    expect(Math.abs(Date.parse(since) - Date.parse(day(152)))).toBeLessThan(6 * 3_600_000);
  });

  it("refuses flags of other runs", async () => {
    await expectRefusal(
      ["score", run, "--data", table, "--id", "hour"],
      2,
      "--id is not for a run with --time",
    );
    await expectRefusal(
      ["score", run, "--data", table, "--follow"],
      2,
      "--follow reads rows from standard input",
    );
  });
});

it("report shows a forecast beside what came", { tags: ["long"] }, async () => {
  await printed("report", run, "--out", join(root, "report"));
  const page = readFileSync(join(root, "report", "report.html"), "utf8");
  expect(page).toContain("A forecast of load and what came");
  expect(page).toContain("load: forecasts of 1 to 6 rows");
});

it("exported files have the log p of the next row", { tags: ["long"] }, async () => {
  const exported = join(root, "exported");
  await printed("export", run, "--out", exported);
  const ort = await loadRuntime();
  const session = await ort.InferenceSession.create(readFileSync(join(exported, "log-prob.onnx")));
  const lines = hours().map((line) => line.split(","));
  const [now, past] = [lines[60] as string[], lines.slice(48, 60).reverse()];
  const number = (value: number) => new ort.Tensor("float64", Float64Array.of(value), [1, 1]);
  const text = (value: string) => new ort.Tensor("string", [value], [1, 1]);
  const feeds = Object.fromEntries([
    ["load", number(Number(now[1]))],
    ["state", text(now[2] as string)],
    ...past.flatMap((line, k) => [
      [`load lag ${k + 1}`, number(Number(line[1]))],
      [`state lag ${k + 1}`, text(line[2] as string)],
    ]),
    ["hour: time of day", number((Date.parse(now[0] as string) / 86_400_000) % 1)],
  ]);
  const found = await session.run(feeds);
  const own = await withRegression(run, {}, silentTerminal({}), async (model, document) => {
    const all = await (await openEncodedTable(table, { ...document, warn() {} })).all();
    const place = all.names.indexOf(now[0] as string);
    const width = widthOf(document);
    return (await model.logProb(all.rows.subarray(place * width, (place + 1) * width)))[0]?.[0] as number;
  });
  expect(Number(found["log p load"]?.data[0])).toBeCloseTo(own, 3);
  expect(readFinished(run).targets[0]?.value.flows).toBe(1);
});
