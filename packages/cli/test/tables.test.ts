import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { beforeAll, describe, expect, it } from "vitest";
import { auroc } from "../src/auroc.js";
import { loadModel } from "../src/node-model.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");

const HEAD = "order,size,weight,shop";

/** A row whose weight follows its size; one that is odd has a weight that does not. */
function row(seed: number, odd = false): string {
  const rng = makeRng(seed);
  const size = 10 + 2 * rng.normal();
  const weight = (odd ? -1 : 1) * 3 * (size - 10) + 0.2 * rng.normal() + (odd ? 30 : 0);
  return `${size.toFixed(3)},${rng.uniform() < 0.05 ? "" : weight.toFixed(3)},${rng.uniform() < 0.7 ? "web" : "shop"}`;
}

function write(name: string, count: number, seed: number, odd: (i: number) => boolean = () => false): string {
  const path = join(root, name);
  const lines = Array.from({ length: count }, (_, i) => `=N${i},${row(seed + i, odd(i))}`);
  writeFileSync(path, `${HEAD}\n${lines.join("\n")}\n`);
  return path;
}

const train = (file: string, out: string, ...flags: string[]) =>
  runCommand(["train", "--data", file, "--out", join(root, out), "--pictures", "none", "--json", ...flags]);

const linesOf = (text: string) => text.trim().split("\n");

beforeAll(async () => {
  const { status, stderr } = await train(
    write("orders.csv", 2000, 0),
    "run",
    "--id",
    "order",
    "--network",
    "table/couplings", // the default one is that of table-outcomes and table-flow
    "--steps",
    "120",
  );
  if (status !== 0) throw new Error(stderr);
});

describe("a run of a table", () => {
  it("keeps the columns that it was trained on", async () => {
    const { data } = JSON.parse(readFileSync(join(run, "config.json"), "utf8"));
    expect(data.columns).toEqual(["size", "weight", "weight is missing", "shop"]);
    expect(data.reading.schema.columns.map(({ use }: { use: string }) => use)).toEqual([
      "id",
      "model",
      "model",
      "model",
    ]);
    const { stdout, status } = await runCommand(["evaluate", run, "--json"]);
    expect([status, JSON.parse(stdout).examples]).toEqual([0, 200]);
    await expect(loadModel(run)).rejects.toThrow("holds a run of a table\nuse flowify score");
  });

  it("scores every row of another table, with its id, a p-value and a flag", async () => {
    const other = write("other.csv", 1000, 5000, (i) => i % 50 === 0);
    const out = join(root, "scored.csv");
    const { status, stderr } = await runCommand(["score", other, "--run", run, "--out", out]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("1,000 rows")]);
    const [head, ...lines] = linesOf(readFileSync(out, "utf8"));
    expect(head).toBe("order,score,p,flag");
    expect(lines).toHaveLength(1000);
    const rows = lines.map((line) => line.split(","));
    expect(rows[7]![0]).toBe("'=N7");
    expect(rows.every(([, , p, flag]) => Number(p) <= 0.01 === (flag === "1"))).toBe(true);
    const flags = (odd: boolean) =>
      rows.filter((_, i) => (i % 50 === 0) === odd).filter(([, , , flag]) => flag === "1");
    expect(flags(true).length).toBeGreaterThan(14);
    // false alarms of a calibration on 200 rows: Beta(2, 199), below 0.037 with probability 0.995
    expect(flags(false).length).toBeLessThan(0.037 * 980);
  });

  it("writes JSON lines, in blocks that do not show", async () => {
    const other = write("many.csv", 3000, 9000);
    const out = join(root, "scored.jsonl");
    const flags = ["--id", "shop", "--false-alarms", "0.2", "--quiet"];
    expect((await runCommand(["score", run, other, "--out", out, ...flags])).status).toBe(0);
    const rows = linesOf(readFileSync(out, "utf8")).map((line) => JSON.parse(line));
    expect(rows).toHaveLength(3000);
    expect(Object.keys(rows[0])).toEqual(["shop", "score", "p", "flag"]);
    const share = rows.filter(({ flag }) => flag === 1).length / 3000;
    expect(Math.abs(share - 0.2)).toBeLessThan(0.12);
    const first = await runCommand([
      "score",
      run,
      other,
      "--limit",
      "5",
      "--format",
      "jsonl",
      "--id",
      "shop",
    ]);
    expect(linesOf(first.stdout).map((line) => JSON.parse(line).score)).toEqual(
      rows.slice(0, 5).map(({ score }) => score),
    );
  });

  it("writes Parquet, with the same numbers", async () => {
    const other = join(root, "other.csv");
    const out = join(root, "scored.parquet");
    expect((await runCommand(["score", run, other, "--out", out, "--quiet"])).status).toBe(0);
    const csv = linesOf((await runCommand(["score", run, other, "--quiet"])).stdout).slice(1);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(out) });
    const text = ({ order, score, p, flag }: (typeof rows)[number]) =>
      [order, Number(score.toPrecision(9)), Number(p.toPrecision(9)), flag].join(",");
    expect(rows.map(text)).toEqual(csv.map((line) => line.replace(/^'/, "")));
  });

  it("scores a row of its own table as the same row of any other file, and never compares it with itself", async () => {
    const own = join(root, "orders.csv");
    const copy = join(root, "copy.csv");
    writeFileSync(copy, `${readFileSync(own, "utf8")}\n`); // the same rows in another file
    const linesFor = async (file: string, ...flags: string[]) =>
      linesOf(
        (await runCommand(["score", run, file, "--score", "kernels", "--quiet", ...flags])).stdout,
      ).slice(1);
    expect(await linesFor(copy)).toEqual(await linesFor(own));
    const some = (await linesFor(own)).filter((line) => Number(line.slice(3).split(",")[0]) >= 1500);
    expect(await linesFor(own, "--where", `"order" IS NOT NULL AND "order"[3:]::INT >= 1500`)).toEqual(some);
  });

  it.each(["flow", "kernels", "neighbours"])("scores by %s alone", async (kind) => {
    const other = join(root, "other.csv");
    const { stdout } = await runCommand(["score", run, other, "--score", kind, "--quiet"]);
    const scores = linesOf(stdout)
      .slice(1)
      .map((line) => Number(line.split(",")[1]));
    const odd = scores.filter((_, i) => i % 50 === 0);
    const usual = scores.filter((_, i) => i % 50 !== 0);
    expect(auroc(usual, odd)).toBeGreaterThan(0.9);
  });

  it("writes likelihoods of the run's network where they are asked for", async () => {
    const flags = ["--score", "likelihood", "--quiet", "--limit", "3"];
    const [head, ...lines] = linesOf(
      (await runCommand(["score", run, join(root, "other.csv"), ...flags])).stdout,
    );
    expect([head, lines.length]).toEqual(["order,log_prob,nll,p_value,flag", 3]);
    for (const line of lines) {
      const [, log, nll] = line.split(",").map(Number);
      expect(log).toBe(-nll!);
    }
    const out = join(root, "likely.parquet");
    await runCommand(["score", run, join(root, "other.csv"), ...flags, "--out", out]);
    const written = await parquetReadObjects({ file: await asyncBufferFromFile(out) });
    expect(written).toHaveLength(3);
    for (const [i, record] of written.entries())
      expect(record.log_prob).toBeCloseTo(Number(lines[i]!.split(",")[1]), 5);
  });

  it("names rows by their numbers where they have no other name", async () => {
    const path = join(root, "plain.csv");
    writeFileSync(path, `size,weight,shop\n${[1, 2, 3].map((i) => row(i)).join("\n")}\n`);
    const [head, ...lines] = linesOf((await runCommand(["score", run, path, "--quiet"])).stdout);
    expect(head!.split(",")[0]).toBe("order");
    expect(lines.map((line) => line.split(",")[0])).toEqual(["1", "2", "3"]);
  });

  it("scores the rows of a split of its own table without p-values", async () => {
    const [head, ...lines] = linesOf(
      (await runCommand(["score", run, "--split", "validation", "--quiet"])).stdout,
    );
    expect([head, lines.length]).toEqual(["row,log_prob,nll", 180]);
    await expectRefusal(["score", run, "--split", "train", "--false-alarms", "0.1"], 2, "leave --split out");
    await expectRefusal(["score", run, "--split", "train", "--score", "flow"], 2, "leave --split,");
  });

  it("samples rows in its own types, given a value", async () => {
    const out = join(root, "drawn.csv");
    const flags = ["-n", "300", "--given", "shop=shop", "--json", "--out", out];
    const { status, stdout, stderr } = await runCommand(["sample", run, ...flags]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("effective sample size")]);
    const { effective, proposals } = JSON.parse(stdout);
    expect(effective).toBeGreaterThan(300);
    expect(effective / proposals).toBeCloseTo(0.3, 1);
    const [head, ...lines] = linesOf(readFileSync(out, "utf8"));
    expect([head, lines.length]).toEqual(["size,weight,shop", 300]);
    const rows = lines.map((line) => line.split(","));
    expect(rows.every(([size, , shop]) => Number(size) > 0 && shop === "shop")).toBe(true);
    const lacking = rows.filter(([, weight]) => weight === "").length / 300;
    expect(Math.abs(lacking - 0.05)).toBeLessThan(0.05);
    await expectRefusal(
      ["sample", run, "--out", join(root, "rows.txt")],
      2,
      "ends in .csv, .json, .jsonl or .parquet",
    );
    await expectRefusal(["sample", run, "--given", "size"], 2, "expected column=value");
  });

  it("without its calibration says how to make one, and goes on to make it", async () => {
    const path = join(run, "calibration.json");
    const before = readFileSync(path, "utf8");
    const detector = join(run, "detector.safetensors");
    const known = readFileSync(detector);
    for (const [file, kind] of [
      [path, "likelihood"],
      [detector, "combination"],
    ] as const) {
      rmSync(file);
      await expectRefusal(["score", run, "--score", kind], 2, `flowify train --resume ${run}`);
    }
    expect((await runCommand(["train", "--resume", run, "--json"])).status).toBe(0);
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(readFileSync(detector).equals(known)).toBe(true);
  });

  it("goes on with its table in another place, and with no other one", async () => {
    const { data } = JSON.parse(readFileSync(join(run, "config.json"), "utf8")) as { data: { name: string } };
    const moved = join(root, "moved.csv");
    renameSync(data.name, moved);
    const goOn = (file: string) => runCommand(["train", "--resume", run, "--data", file, "--quiet"]);
    const other = join(root, "others.csv");
    const lines = readFileSync(moved, "utf8").split("\n");
    writeFileSync(other, lines.filter((_, i) => i !== 5).join("\n"));
    const refused = await goOn(other);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining("differ from those of the run"),
    ]);
    expect((await goOn(moved)).status).toBe(0);
    expect(JSON.parse(readFileSync(join(run, "config.json"), "utf8")).data.name).toBe(moved);
    renameSync(moved, data.name);
    expect((await goOn(data.name)).status).toBe(0);
  });

  it("says that its rows are too few for rare false alarms", async () => {
    const { stderr } = await runCommand(["score", run, "--false-alarms", "0.001", "--quiet"]);
    expect(stderr).toContain("nothing can be flagged at false alarms of 0.001: 200 held-out examples");
  });

  it("refuses a damaged detector", async () => {
    const detector = join(run, "detector.safetensors");
    const known = readFileSync(detector);
    const metadata = /"contaminated\\":(true|false)/.exec(known.toString("latin1"))!;
    for (const [bytes, message] of [
      [known.subarray(0, 100), "not a detector"],
      [Buffer.from(known).fill("x", metadata.index + 1, metadata.index + 5), "contaminated: is missing"],
    ] as const) {
      writeFileSync(detector, bytes);
      await expectRefusal(["score", run], 2, message);
    }
    writeFileSync(detector, known);
  });

  it("refuses flags that do not fit each other", async () => {
    await expectRefusal(["score", run, "--format", "parquet"], 2, "--format parquet needs a file");
    await expectRefusal(["score", run, "--score", "magic"], 2, "combination");
    await expectRefusal(["train", "--data", "mnist", "--contaminated"], 2, "mnist is none");
    await expectRefusal(
      ["train", "--data", "mnist", "--where", "x > 1"],
      2,
      "--where: the examples of mnist",
    );
    await expectRefusal(["score", run, "--where", "size > 1"], 2, "name the table by --data");
    await expectRefusal(["report", run, "--where", "size > 1"], 2, "name a table by --data");
  });

  it("refuses a table and a probability that do not fit", async () => {
    const path = join(root, "lacking.csv");
    writeFileSync(path, "size\n1\n2\n");
    await expectRefusal(["score", run, path], 2, 'lacks the columns "weight", "shop"');
    await expectRefusal(["score", run, join(root, "other.csv"), "--id", "odrer"], 2, 'did you mean "order"');
    writeFileSync(join(root, "text.csv"), `${HEAD}\nA,big,3,web\nB,1,2,web\n`);
    await expectRefusal(["score", run, join(root, "text.csv")], 2, 'row 1, column "size" holds "big"');
    writeFileSync(join(root, "new.csv"), `${HEAD}\nA,,3,web\nB,10,2,moon\n`);
    const { stdout, stderr } = await runCommand(["score", run, join(root, "new.csv")]);
    expect(linesOf(stdout)).toHaveLength(3);
    expect(stderr).toContain('column "shop" holds "moon", which no training row has');
    expect(stderr).toContain('column "size" lacks 1 value; in training it lacked none');
    await expectRefusal(["score", run, path, "--false-alarms", "2"], 2, "expected a number between 0 and 1");
  });

  it("is trained on few rows with a warning, and on very few not at all", async () => {
    const small = ["--network", "table/gaussian", "--steps", "5"];
    const few = await train(write("few.csv", 70, 0), "few", ...small, "--where", 'length("order") = 4');
    expect([few.status, few.stderr]).toEqual([0, expect.stringContaining("only 60 rows")]);
    expect(existsSync(join(root, "few", "calibration.json"))).toBe(true);
    const { stdout } = await runCommand(["score", join(root, "few"), "--quiet"]);
    expect(
      linesOf(stdout)
        .slice(1)
        .map((line) => Number(line.split(",")[0]) > 10),
    ).not.toContain(false);
    const none = await train(write("none.csv", 19, 0), "none");
    expect([none.status, none.stderr]).toEqual([2, expect.stringContaining("19 rows, expected at least 20")]);
  });
});
