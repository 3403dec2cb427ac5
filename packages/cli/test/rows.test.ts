import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng, type Rng } from "@flowify/core/layer";
import { beforeAll, describe, expect, it } from "vitest";
import { loadExamples } from "../src/data/registry.js";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { type NpyOptions, npyBytes } from "./data/npy-files.js";
import { runCommand } from "./run-command.js";
import { metricsOf } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

const COLUMNS = 3;

/** Columns a, a² + noise, and one of its own: neither Gaussian nor independent. */
const curved = (rng: Rng): number[] => {
  const a = rng.normal();
  return [a, a * a + 0.1 * rng.normal(), rng.normal() + 3];
};

function rowsOf(count: number, row: (rng: Rng) => number[]): Float32Array {
  const rng = makeRng(1);
  return Float32Array.from(Array.from({ length: count }, () => row(rng)).flat());
}

/** A NumPy file of rows, as the type that its numbers have. */
function write(name: string, rows: Float32Array | Uint8Array | Int16Array, options: NpyOptions = {}): string {
  const path = join(root, name);
  const descr = rows instanceof Float32Array ? "'<f4'" : rows instanceof Uint8Array ? "'|u1'" : "'<i2'";
  const bytes = new Uint8Array(rows.buffer);
  writeFileSync(path, npyBytes([rows.length / COLUMNS, COLUMNS], bytes, { descr, ...options }));
  return path;
}

const rowsIn = async (
  name: string,
): Promise<{ rows: number[]; levels: number | undefined; test: number }> => {
  const set = await loadExamples({ name }, "train");
  if (!("rows" in set)) throw new Error("images");
  return { rows: [...set.rows], levels: set.levels, test: (await loadExamples({ name }, "test")).count };
};

/** By a network that takes the numbers of an array as they are, that of these flags or one of couplings. */
const train = (file: string, out: string, ...flags: string[]) =>
  runCommand([
    "train",
    "--json",
    "--data",
    file,
    "--out",
    join(root, out),
    ...(flags.includes("--network") ? [] : ["--network", "coupling"]),
    ...flags,
  ]);

describe("an array of two axes", () => {
  it("is rows of numbers, of any type and order, a tenth of them for the test", async () => {
    const values = rowsOf(20, curved);
    const wanted = await rowsIn(write("rows.npy", values));
    expect([wanted.rows.length, wanted.test, wanted.levels]).toEqual([18 * COLUMNS, 2, undefined]);

    const wide = new Uint8Array(Float64Array.from(values).buffer);
    const f8 = join(root, "double.npy");
    writeFileSync(f8, npyBytes([20, COLUMNS], wide, { descr: "'<f8'" }));
    expect(await rowsIn(f8)).toEqual(wanted);

    const byColumn = Float32Array.from(values, (_, i) => values[(i % 20) * COLUMNS + Math.floor(i / 20)]!);
    expect(await rowsIn(write("fortran.npy", byColumn, { fortran: true }))).toEqual(wanted);

    // 1, −2, 0.5 and the smallest half float
    const halves = Uint16Array.of(...new Array(20).fill([0x3c00, 0xc000, 0x3800]).flat(), 0x0001, 0, 0);
    const f2 = join(root, "half.npy");
    writeFileSync(f2, npyBytes([21, COLUMNS], new Uint8Array(halves.buffer), { descr: "'<f2'" }));
    expect([...new Set((await rowsIn(f2)).rows)].filter((v) => v !== 0)).toEqual([1, -2, 0.5, 2 ** -24]);
  });

  it("of integers from 0 on holds levels; of others numbers", async () => {
    const bytes = Uint8Array.from({ length: 60 }, (_, i) => i);
    expect((await rowsIn(write("bytes.npy", bytes))).levels).toBe(256);
    expect((await rowsIn(write("counts.npy", Int16Array.from(bytes)))).levels).toBe(64);
    expect(
      (
        await rowsIn(
          write(
            "signed.npy",
            Int16Array.from(bytes, (v) => v - 30),
          ),
        )
      ).levels,
    ).toBeUndefined();
  });

  it("with NaN or Infinity names row and column of the first five", async () => {
    const rows = rowsOf(20, curved);
    for (let row = 4; row < 12; row++)
      rows[row * COLUMNS + 1] = row === 4 ? Number.NaN : Number.POSITIVE_INFINITY;
    const { status, stderr } = await train(write("nan.npy", rows), "nan");
    expect(status).toBe(2);
    expect(stderr).toContain("nan.npy: row 5, column 2 holds NaN; row 6, column 2 holds Infinity; row 7");
    expect(stderr).toContain("row 9, column 2 holds Infinity; and 3 more");
  });
});

describe("a run of rows", () => {
  const file = join(root, "curved.npy");
  const folder = join(root, "run");
  let trained: { [field: string]: unknown };

  beforeAll(async () => {
    write("curved.npy", rowsOf(1000, curved));
    const { status, stdout, stderr } = await train(file, "run", "--steps", "120");
    if (status !== 0) throw new Error(stderr);
    trained = JSON.parse(stdout);
  });

  it("is told in nats per row, below what one Gaussian with all covariances has", async () => {
    const { stdout } = await runCommand(["baseline", "--data", file, "--json"]);
    const { baselines } = JSON.parse(stdout) as { baselines: { name: string; nll: number }[] };
    expect(baselines.map(({ name }) => name)).toEqual([
      "uniform",
      "Gaussian of each column",
      "histogram of each column",
      "Gaussian",
      "mixture of Gaussians",
      "kernel density",
    ]);
    for (const { nll } of baselines.slice(0, 4)) expect(trained.nll).toBeLessThan(nll);
    // some of the training rows of this run are held out, which a mixture notices: 0.11 with the last ones, 0.15 with drawn ones
    const { name, nll } = trained.baseline as (typeof baselines)[number];
    const same = baselines.find((each) => name === `a ${each.name}`);
    expect(Math.abs(nll - same!.nll)).toBeLessThan(0.2);
    expect(trained).not.toHaveProperty("bpd");
    const said = await runCommand(["evaluate", folder, "--quiet"]);
    expect(said.stdout).toContain("nats per row on 100 test rows of curved (drawn from 1,000)");
    expect(said.stdout).not.toContain("bits");
    expect(metricsOf(folder).every((line) => "nll" in line && !("bpd" in line))).toBe(true);
  });

  it("is scored, drawn, reported, inspected and exported as one of images", async () => {
    const scored = await runCommand(["score", folder, "--quiet"]);
    const [head, ...lines] = scored.stdout.trim().split("\n");
    expect([head, lines.length]).toEqual(["row,log_prob,nll", 100]);
    const report = join(root, "report");
    expect((await runCommand(["report", folder, "--out", report])).status).toBe(0);
    expect(readFileSync(join(report, "report.html"), "utf8")).toContain("Nats per row over the steps");
    expect((await runCommand(["inspect", folder])).stdout).toContain("vector/coupling after");
    const shown = await runCommand(["inspect", "vector/coupling", "--data", file, "--json"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ network: "vector/coupling", inShape: [COLUMNS] });
    const onnx = join(root, "onnx");
    expect((await runCommand(["export", folder, "--out", onnx, "--quiet"])).status).toBe(0);
  });

  it.each(["spline", "dense"])(
    "trains vector/%s, by its full name or the short one",
    { tags: ["long"] },
    async (name) => {
      const out = `vector-${name}`;
      const { status, stdout, stderr } = await train(
        file,
        out,
        "--network",
        name,
        "--steps",
        "20",
        "--pictures",
        "none",
      );
      expect([status, stderr]).toEqual([0, expect.not.stringContaining("error")]);
      expect(JSON.parse(stdout).validation.examples).toBe(90); // a tenth is held out, as with auto
      expect((await runCommand(["inspect", join(root, out)])).stdout).toContain(`vector/${name} after`);
      expect((await runCommand(["evaluate", join(root, out), "--quiet"])).status).toBe(0);
    },
  );

  it("are what the networks for vectors take", async () => {
    const folder = writeIdxFolder(join(root, "images"), { train: 4, test: 4, side: 4, images: noise });
    const images = await runCommand(["train", "--data", folder, "--network", "vector/spline"]);
    expect([images.status, images.stderr]).toEqual([
      2,
      expect.stringContaining(
        "vector/spline takes rows of numbers, the data set images has images [1, 4, 4]",
      ),
    ]);
    const bare = await runCommand(["inspect", "vector/dense"]);
    expect(bare.stderr).toContain("vector/dense builds a network for data, and none are named\n");
  });

  it("gives the same draws as a NumPy file and as CSV", async () => {
    const files = ["rows.npy", "rows.csv"].map((name) => join(root, `drawn-${name}`));
    for (const out of files)
      expect((await runCommand(["sample", folder, "--count", "30", "--out", out])).status).toBe(0);
    const set = await loadExamples({ name: files[0]! }, "train");
    const lines = readFileSync(files[1]!, "utf8").trim().split("\n").slice(1);
    const numbers = lines.map((line) =>
      line
        .split(",")
        .map((text) => Math.fround(Number(text)))
        .join(),
    );
    if (!("rows" in set)) throw new Error("images");
    for (let at = 0; at < set.rows.length; at += COLUMNS)
      expect(numbers).toContain(set.rows.subarray(at, at + COLUMNS).join());
    const png = await runCommand(["sample", folder, "--out", join(root, "rows.png")]);
    expect([png.status, png.stderr]).toEqual([
      2,
      expect.stringContaining("ends in .csv, .json, .jsonl or .parquet for rows, or .npy for the numbers"),
    ]);
  });

  it("is judged by its best state on the rows that were held out", async () => {
    const validated = metricsOf(folder).filter(({ split }) => split === "validation");
    expect(validated[0]?.step).toBe(0);
    const best = validated.reduce((a, b) => ((b.nll as number) <= (a.nll as number) ? b : a));
    expect(trained.judgedStep).toBe(best.step);
    const { stdout } = await runCommand(["evaluate", folder, "--split", "validation", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ step: best.step, nll: best.nll });
  });

  it("is refused by what needs pictures, which says what helps", async () => {
    for (const [command, ...more] of [["explain", "x.png"], ["reconstruct"]]) {
      const { status, stderr } = await runCommand([command!, folder, ...more]);
      expect(status).toBe(2);
      expect(stderr).toContain(`this run has rows of ${COLUMNS} numbers`);
    }
  });
});

describe("columns", () => {
  it("that are constant or badly scaled are named, and do not keep the others from being learnt", {
    tags: ["long"],
  }, async () => {
    const bad = rowsOf(1000, (rng) => [rng.normal() * 1e8, 7, rng.normal()]);
    const file = write("bad.npy", bad);
    const { stdout, stderr } = await train(file, "bad", "--steps", "60");
    expect(stderr).toContain("column 2 is constant in the training rows of bad");
    // two independent normals, one of them a hundred million times wider: log 1e8 + 2 · 1.419 = 21.26, and a constant
    const { nll, ledger } = JSON.parse(stdout);
    expect(Number.isFinite(nll)).toBe(true);
    const { baselines } = JSON.parse((await runCommand(["baseline", "--data", file, "--json"])).stdout);
    expect(nll).toBeLessThan(baselines[3].nll + 0.3);
    expect(ledger[0].layer).toBe("whiten[0]");
  });

  it("of which one is far wider than the others are named where a network does not scale them", async () => {
    const file = write(
      "wide.npy",
      rowsOf(100, (rng) => [rng.normal() * 1e8, rng.normal(), rng.normal()]),
    );
    const network = join(root, "net.json");
    writeFileSync(
      network,
      JSON.stringify({ inShape: [COLUMNS], layers: [{ kind: "linear", out: COLUMNS }] }),
    );
    const flags = ["--steps", "3", "--batch", "16", "--network", network, "--pictures", "none"];
    const { stderr } = await train(file, "wide", ...flags);
    expect(stderr).toContain(
      "column 1 of wide is on a scale that differs from the others by more than a factor of 10,000",
    );
  });
});
