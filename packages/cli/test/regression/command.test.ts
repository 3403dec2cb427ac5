import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "../refusal.js";
import { printed, records, runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();
const ort = await loadRuntime();
const table = join(root, "flats.csv");
const fresh = join(root, "fresh.csv");
const bare = join(root, "bare.csv");
const run = join(root, "run");

/** A price from area and heating, days in whole numbers, a class that follows from the area, a fee that is 0 for many. */
function rowsOf(count: number, seed: number, withPrice = true): string {
  const random = makeRng(seed);
  const lines = Array.from({ length: count }, (_, i) => {
    const area = Math.round(30 + 90 * random.uniform());
    const heating = ["gas", "oil", "wood"][random.integer(3)] as string;
    const price = 3 * area + (heating === "gas" ? 40 : 0) + (5 + 0.2 * area) * random.normal();
    const days = Math.round(10 + 5 * random.uniform() + area / 10);
    const size = random.uniform() < (area - 30) / 90 ? "large" : "small";
    const fee = random.uniform() < 0.4 ? 0 : 20 + 5 * random.normal();
    const cells = [
      `f${i}`,
      area,
      heating,
      ...(withPrice ? [price.toFixed(3)] : []),
      days,
      size,
      fee.toFixed(4),
    ];
    return [...cells, 1].join(",");
  });
  const head = ["id", "area", "heating", ...(withPrice ? ["price"] : []), "days", "size", "fee", "same"];
  return `${head.join(",")}\n${lines.join("\n")}\n`;
}

const options = ["--id", "id", "--predict", "price,days,size,fee", "--given", "area,heating"];
let trained: { targets: unknown };
let predicted: string;
beforeAll(async () => {
  writeFileSync(table, rowsOf(200, 1));
  writeFileSync(fresh, rowsOf(25, 2));
  const how = ["--steps", "60", "--ensemble", "1", "--seed", "7", "--threads", "1"];
  trained = JSON.parse(await printed("train", "--data", table, ...options, ...how, "--out", run, "--json"));
  predicted = await printed("predict", run, fresh, "--quantiles", "0.1,0.9");
}, 120_000);

describe("train --predict", () => {
  it("measures the held-out rows beside a trivial baseline, as evaluate does", async () => {
    const { stdout, stderr: text } = await runCommand(["evaluate", run, "--json"]);
    expect(JSON.parse(stdout).targets).toEqual(trained.targets);
    for (const part of [
      "price on the 40 test rows",
      "CRPS",
      "within 80 %",
      "most probable is right",
      "logistic regression",
      "ranks by tenths",
      "log p, a density",
      "log p, a probability",
    ])
      expect(text).toContain(part);
  });

  it("goes on where it was stopped, with its number of threads, the table in another place, and the same bits", async () => {
    const stopped = join(root, "stopped");
    cpSync(run, stopped, { recursive: true });
    rmSync(join(stopped, "members", "1-value-0"), { recursive: true });
    const whole = JSON.parse(readFileSync(join(run, "regression.json"), "utf8"));
    const { targets: _, ...begun } = whole;
    writeFileSync(join(stopped, "regression.json"), JSON.stringify(begun));
    await expectRefusal(["predict", stopped, "--data", fresh], 1, "training was stopped before its end");
    writeFileSync(join(stopped, "regression.json"), JSON.stringify({ ...begun, version: 1 }));
    await expectRefusal(
      ["predict", stopped, "--data", fresh],
      1,
      "which an earlier version of flowify wrote",
    );
    writeFileSync(join(stopped, "regression.json"), JSON.stringify(begun));
    const moved = join(root, "moved.csv");
    cpSync(whole.data.name, moved);
    const { status } = await runCommand(["train", "--resume", stopped, "--data", moved, "--quiet"]);
    expect(status).toBe(0);
    const again = JSON.parse(readFileSync(join(stopped, "regression.json"), "utf8"));
    expect(again.targets).toEqual(whole.targets);
    expect(again.data).toEqual({ ...whole.data, name: moved });
    await expectRefusal(["train", "--resume", stopped, "--data", fresh], 2, "the rows differ from those");
  });
});

describe("predict", () => {
  it("writes the distribution of each column, and log p where the file has it", () => {
    const rows = records(predicted);
    expect(rows.length).toBe(25);
    expect(rows[3]?.id).toBe("f3");
    for (const row of rows) {
      const [low, median, high] = ["q0.1", "median", "q0.9"].map((name) => Number(row[`price ${name}`]));
      expect(low).toBeLessThanOrEqual(median as number);
      expect(median).toBeLessThanOrEqual(high as number);
      expect(Number(row["price 90 % from"])).toBeLessThan(Number(row["price 90 % to"]));
      expect(Number.isInteger(Number(row["days median"]))).toBe(true);
      expect(Number(row["days log p"])).toBeLessThan(0);
      expect(Number(row["size = large"]) + Number(row["size = small"])).toBeCloseTo(1, 5);
      expect(["large", "small"]).toContain(row["size most probable"]);
      expect(Number(row["price rank"])).toBeGreaterThanOrEqual(0);
    }
    const medians = rows.map((row) => Number(row["price median"]));
    expect(Math.max(...medians) - Math.min(...medians)).toBeGreaterThan(50);
  });

  it("takes rows without the columns to predict, and missing values", async () => {
    writeFileSync(bare, "area,heating\n70,gas\n,oil\n900,coal\n");
    const { status, stdout, stderr } = await runCommand([
      "predict",
      run,
      "--data",
      bare,
      "--format",
      "jsonl",
    ]);
    expect(status).toBe(0);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.length).toBe(3);
    expect(rows[0]).not.toHaveProperty(["price log p"]);
    expect(Number.isFinite(rows[1]["price mean"])).toBe(true);
    expect(rows.map((row) => row["outside of training"])).toEqual(["", "", "area"]);
    expect(stderr).toMatch(
      /1 row has values far outside of training, such as 900 in column "area", of 3\d to 1[12]\d there/,
    );
    expect(stderr).toContain('column "area" lacks 1 value; in training it lacked none');
    expect(stderr).toContain('column "heating" holds "coal", which no training row has');
  });

  it("knows nothing of what comes after a value that is missing or new, and leaves missing names out", async () => {
    const [head, first = ""] = readFileSync(fresh, "utf8").trim().split("\n");
    const cells = first.split(",");
    const at = (name: string): number => (head as string).split(",").indexOf(name);
    const others = [
      ["price", ""],
      ["size", ""],
      ["size", "huge"],
    ] as const;
    const rows = [cells, ...others.map(([name, value]) => cells.with(at(name), value))];
    const gaps = join(root, "gaps.csv");
    writeFileSync(gaps, `${[head, ...rows.map((row) => row.join(","))].join("\n")}\n`);
    const [whole, ...found] = records(await printed("predict", run, "--data", gaps));
    const logs = (row: Record<string, string> | undefined): (string | undefined)[] =>
      ["price", "days", "size", "fee"].map((name) => row?.[`${name} log p`]);
    const [price, days] = logs(whole);
    expect(logs(whole)).not.toContain("");
    expect(found.map(logs)).toEqual([
      ["", "", "", ""],
      [price, days, "", ""],
      [price, days, "-Infinity", ""],
    ]);
    const { targets } = JSON.parse(await printed("evaluate", run, "--data", gaps, "--json"));
    expect(targets.map(({ rows: n }: { rows: number }) => n)).toEqual([3, 4, 3, 4]);
  });

  it("gives a value that many rows share a probability, the others a density", () => {
    const fees = records(readFileSync(fresh, "utf8")).map(({ fee }) => Number(fee));
    const logs = records(predicted).map((row) => Number(row["fee log p"]));
    const atZero = logs.filter((_, i) => fees[i] === 0);
    for (const log of atZero) {
      expect(Math.exp(log)).toBeGreaterThan(0.15);
      expect(Math.exp(log)).toBeLessThan(0.7);
    }
    expect(atZero.length).toBeGreaterThan(3);
  });

  it.each<[string, string[], string]>([
    ["no rows", [], "name a table, for example flowify predict"],
    ["a quantile of 1", ["--data", fresh, "--quantiles", "0.5,1"], "expected a number between 0 and 1"],
    ["a missing column", ["--data", table.replace("flats", "lacking")], 'lacks the column "heating"'],
  ])("refuses %s", async (_, args, text) => {
    writeFileSync(table.replace("flats", "lacking"), "area\n3\n");
    const { status, stderr } = await runCommand(["predict", run, ...args]);
    expect(status).not.toBe(0);
    expect(stderr).toContain(text);
  });

  it("leaves intervals open that too few held-out rows were seen for", async () => {
    const { stdout, stderr } = await runCommand(["predict", run, "--data", bare, "--interval", "0.999"]);
    expect(stderr).toContain("intervals of 0.999 need at least 999 held-out rows, the run has 40");
    expect(records(stdout)[0]?.["price 99.9 % to"]).toBe("");
  });
});

describe("other commands", () => {
  it("evaluate prints scores of other rows, and how many the intervals hold", async () => {
    const { status, stdout } = await runCommand(["evaluate", run, "--data", fresh, "--json"]);
    expect(status).toBe(0);
    const found = JSON.parse(stdout);
    expect(
      found.targets.map(({ name, measure }: { name: string; measure: string }) => [name, measure]),
    ).toEqual([
      ["price", "density"],
      ["days", "probability"],
      ["size", "probability"],
      ["fee", "density"],
    ]);
    expect(found.conformal[0]).toBeGreaterThan(0.75);
  });

  it("report and inspect show it, others say which commands do", async () => {
    const { status } = await runCommand(["report", run, "--out", join(root, "report")]);
    expect(status).toBe(0);
    expect(readFileSync(join(root, "report", "report.html"), "utf8")).toContain("Ranks of the values");
    const { stdout } = await runCommand(["inspect", run]);
    expect(stdout).toContain("price, days, size, fee from area, heating");
    expect(stdout).toContain("2 classes: probabilities");
    await expectRefusal(["predict", run, "--data", fresh, "--out", table, "--force"], 2, "this file is read");
    const inside = join(run, "samples.csv");
    cpSync(table, inside);
    const again = ["train", "--data", inside, "--predict", "price", "--out", run, "--force"];
    await expectRefusal(again, 2, "this file is read");
    await expectRefusal(["sample", run], 2, "holds a run that predicts columns");
    await expectRefusal(["score", run, "--data", table], 2, "predicts columns of single rows");
    await expectRefusal(["predict", run, "--data", table, "--paths", "3"], 2, "--paths is for runs of rows");
  });
});

describe("exported files", () => {
  const exported = join(root, "exported");
  const rows = (): Record<string, string>[] => records(readFileSync(fresh, "utf8"));
  const numbers = (values: readonly number[]) =>
    new ort.Tensor("float64", Float64Array.from(values), [values.length, 1]);
  const texts = (values: readonly string[]) => new ort.Tensor("string", [...values], [values.length, 1]);
  const column = (name: string): string[] => rows().map((row) => row[name] as string);
  const given = () => ({ area: numbers(column("area").map(Number)), heating: texts(column("heating")) });

  it("have the log p of predict, without flowify", async () => {
    await printed("export", run, "--out", exported);
    const session = await ort.InferenceSession.create(readFileSync(join(exported, "log-prob.onnx")));
    const found = await session.run({
      ...given(),
      price: numbers(column("price").map(Number)),
      days: numbers(column("days").map(Number)),
      fee: numbers(column("fee").map(Number)),
      size: texts(column("size")),
    });
    for (const name of ["price", "days", "size", "fee"]) {
      const own = found[`log p ${name}`]?.data as Float32Array;
      for (const [i, row] of records(predicted).entries())
        expect([name, i, Math.abs((own[i] as number) - Number(row[`${name} log p`])) < 2e-4]).toEqual([
          name,
          i,
          true,
        ]);
    }
    const few = (values: readonly string[]) => numbers(values.map(Number));
    const after = await session.run({
      area: few(["70", "70", "70"]),
      heating: texts(["gas", "gas", "gas"]),
      price: few(["250", "NaN", "250"]),
      days: few(["20", "20", "20"]),
      fee: few(["0", "0", "0"]),
      size: texts(["small", "small", ""]),
    });
    const isNone = ["price", "days", "fee"].map((name) =>
      Array.from(after[`log p ${name}`]?.data as Float32Array, Number.isNaN),
    );
    expect(isNone).toEqual([
      [false, true, false],
      [false, true, false],
      [false, true, true],
    ]);
  });

  it("sample values that predict finds as likely", async () => {
    const session = await ort.InferenceSession.create(readFileSync(join(exported, "sample.onnx")));
    const random = makeRng(9);
    const count = rows().length;
    const draw = () => numbers(Array.from({ length: count }, () => random.normal()));
    const ranks: number[] = [];
    for (let k = 0; k < 20; k++) {
      const noise = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`noise ${i + 1}`, draw()]));
      const choice = numbers(Array.from({ length: count }, () => random.uniform()));
      const found = await session.run({ ...given(), ...noise, choice });
      const [price, days, size] = ["price", "days", "size"].map((name) => found[name]?.data as Float32Array);
      for (const [i, row] of records(predicted).entries()) {
        ranks.push(Number((price?.[i] as number) < Number(row["price median"])));
        expect(Number.isInteger(days?.[i])).toBe(true);
        expect([0, 1]).toContain(size?.[i]);
      }
    }
    expect(Math.abs(ranks.reduce((a, b) => a + b, 0) / ranks.length - 0.5)).toBeLessThan(0.08);
  });
});
