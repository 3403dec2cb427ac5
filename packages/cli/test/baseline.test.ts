import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { gaussianBpd } from "../src/baselines/gaussian.js";
import { histogramBpd, uniformBpd } from "../src/baselines/histograms.js";
import { columnBaselines } from "../src/baselines/rows.js";
import { beatenBy, trivialBaseline } from "../src/baselines/trivial.js";
import { imageSet, type RowSet } from "../src/data/image-set.js";
import { openExecutor } from "../src/executors.js";
import type { NetworkDescription } from "../src/networks/network.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

it("prints a line a baseline; of noise that is uniform a histogram is as good as a uniform distribution, and a Gaussian worse", async () => {
  const { data } = writeSmallData(root);
  const { status, stdout } = await runCommand(["baseline", "--data", data, "--json"]);
  expect(status).toBe(0);
  const { examples, baselines } = JSON.parse(stdout) as {
    examples: number;
    baselines: { name: string; bpd: number; stdErr: number; exact: boolean }[];
  };
  expect(examples).toBe(40);
  expect(baselines.map(({ name, exact }) => [name, exact])).toEqual([
    ["uniform", true],
    ["histogram", true],
    ["histogram of each pixel", true],
    ["Gaussian", false],
  ]);
  const [uniform, histogram, each, gaussian] = baselines.map(({ bpd }) => bpd);
  expect(uniform).toBe(8);
  expect(histogram).toBeCloseTo(8, 1);
  // these test images are the first of the training images: what was seen of each pixel helps
  expect(each).toBeLessThan(7.6);
  // a Gaussian in place of a uniform distribution costs ½ log₂(2πe/12) bits
  expect(gaussian).toBeGreaterThan(8);
  expect(gaussian).toBeLessThan(8 + 0.5 * Math.log2((2 * Math.PI * Math.E) / 12));
});

it("takes the columns of a table that it is told, and wants more rows where those of a few all differ", async () => {
  const file = join(root, "rows.csv");
  const write = (count: number) =>
    writeFileSync(
      file,
      `code,a,b\n${Array.from({ length: count }, (_, i) => `c${i},${i % 7}.5,${i % 3}\n`).join("")}`,
    );
  write(40);
  const { stdout } = await runCommand(["baseline", "--data", file, "--id", "code", "--drop", "b", "--json"]);
  const [uniform] = (JSON.parse(stdout) as { baselines: { name: string; nll: number }[] }).baselines;
  expect(uniform?.nll).toBeCloseTo(Math.log(7), 5); // a alone, on a grid of seven values
  write(3);
  const few = await runCommand(["baseline", "--data", file, "--columns", "code"]);
  expect([few.status, few.stderr]).toEqual([2, expect.stringContaining("3 rows, expected at least 20")]);
});

it("names a folder that has no test images", async () => {
  const { status, stderr } = await runCommand(["baseline", "--data", join(root, "nowhere")]);
  expect(status).toBe(2);
  expect(stderr).toContain("nowhere");
});

it("histograms count every value once more than it was seen", () => {
  const [train, test] = [Uint8Array.of(0, 5, 0, 7), Uint8Array.of(0, 7, 5, 1)]; // two images of two pixels
  const bits = (...probabilities: number[]): number =>
    -probabilities.reduce((sum, p) => sum + Math.log2(p), 0) / 2;
  expect([...uniformBpd(2)]).toEqual([8, 8]);
  expect([...histogramBpd(train, test, 2, true)]).toEqual([bits(3 / 260, 2 / 260), bits(2 / 260, 1 / 260)]);
  expect([...histogramBpd(train, test, 2, false)]).toEqual([bits(3 / 258, 2 / 258), bits(1 / 258, 1 / 258)]);
});

it("the Gaussian has the likelihood of its closed form", async () => {
  // pixels (a, a + b) for independent a and b: means, variances and the covariance are known
  let state = 3;
  const draw = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const images = (count: number): Uint8Array =>
    Uint8Array.from(
      Array.from({ length: count }, () => {
        const a = draw(100);
        return [a, a + draw(20)];
      }).flat(),
    );
  const set = (count: number) =>
    imageSet({ name: "pairs", split: "train", shape: [1, 1, 2], images: images(count) });
  const executor = await openExecutor("wasm", { warn: () => {} });
  const bpd = await gaussianBpd(set(20_000), set(20_000), executor, 1);
  await executor.dispose();
  // differential entropy of the Gaussian with the covariance of the dequantized pixels, in levels
  const [va, vb] = [(100 ** 2 - 1) / 12, (20 ** 2 - 1) / 12];
  const determinant = (va + 1 / 12) * (va + vb + 1 / 12) - va * va;
  const entropy = Math.log2(2 * Math.PI * Math.E) + 0.5 * Math.log2(determinant);
  const mean = bpd.reduce((sum, value) => sum + value, 0) / bpd.length;
  const variance = bpd.reduce((sum, value) => sum + (value - mean) ** 2, 0) / bpd.length;
  expect(Math.abs(mean - entropy / 2)).toBeLessThan(4 * Math.sqrt(variance / bpd.length));
});

describe("columns on a grid", () => {
  const rng = makeRng(5, 1);
  /** Values 0, ½, … 2, the low ones more often, with the noise that tables carry. */
  const values = Array.from({ length: 400 }, () => Math.floor(rng.uniform() ** 2 * 5) / 2);
  const rowSet = (column: readonly number[]): RowSet => ({
    name: "grid",
    split: "train",
    shape: [1],
    count: column.length,
    rows: Float32Array.from(column),
    hash: "",
  });
  const train = rowSet(values.map((value) => value + (rng.uniform() - 0.5) * 0.49));
  const network: NetworkDescription = { inShape: [1], layers: [{ kind: "dequantizeColumns", gaps: [0.5] }] };
  const densities: NetworkDescription = { inShape: [1], layers: [{ kind: "whiten" }] };
  const all = rowSet([0, 0.5, 1, 1.5, 2]);

  it("have probabilities: they sum to 1, those of the bound to less", () => {
    const [uniform, gaussian, histogram] = columnBaselines(train, all, network).map(({ exact, nll }) => ({
      exact,
      sum: nll.reduce((sum, value) => sum + Math.exp(-value), 0),
    }));
    expect(uniform).toEqual({ exact: true, sum: expect.closeTo(1, 9) });
    expect(histogram).toEqual({ exact: true, sum: expect.closeTo(1, 9) });
    expect(gaussian!.exact).toBe(false);
    expect(gaussian!.sum).toBeGreaterThan(0.5);
    expect(gaussian!.sum).toBeLessThan(1);
  });

  it("count values without their noise", () => {
    const [, , histogram] = columnBaselines(train, all, network);
    const counts = [0, 0.5, 1, 1.5, 2].map((value) => values.filter((other) => other === value).length);
    expect([...histogram!.nll]).toEqual(
      counts.map((count) => expect.closeTo(-Math.log((count + 1) / (400 + 5)), 9)),
    );
  });

  it("have densities for a network of densities, ln 2 away for a uniform distribution of five steps", () => {
    const [uniform] = columnBaselines(train, all, densities);
    expect(uniform!.nll[0]).toBeCloseTo(Math.log(Math.max(...train.rows) - Math.min(...train.rows)), 5);
  });

  it("are compared with the best of them", async () => {
    const [, , histogram] = columnBaselines(train, train, network);
    const mean = histogram!.nll.reduce((a, b) => a + b, 0) / 400;
    expect(await trivialBaseline(train, train, network, jaxExecutor(), 0)).toEqual({
      name: "a histogram of each column",
      figure: expect.closeTo(mean, 9),
    });
  });

  it("are the Gaussian of all columns where these depend on each other, and the run is told that it loses", async () => {
    const rng = makeRng(5);
    const rows = Float32Array.from(
      Array.from({ length: 500 }, () => {
        const x = rng.normal();
        return [x, x + 0.1 * rng.normal()];
      }).flat(),
    );
    const set = { ...train, rows, count: 500, shape: [2] } as unknown as RowSet;
    const best = await trivialBaseline(set, set, densities, jaxExecutor(), 0);
    // log 2πe √det Σ with det Σ = 0.01
    expect(best).toEqual({ name: "one Gaussian of all columns", figure: expect.closeTo(0.535, 1) });
    const beaten = (by: number, rising = true) =>
      beatenBy(best, best.figure + by, { unit: "nats per row", rising });
    const better = "one Gaussian of all columns is better than the run, by 0.500 nats per row: ";
    const take = "take it: flowify baseline lists such densities";
    expect(beaten(0.5)).toEqual([`${better}train longer, or ${take}`]);
    expect(beaten(0.5, false)).toEqual([`${better}${take}`]);
    expect(beaten(4e-4)).toEqual([]); // by 0.000
    expect(beaten(-0.5)).toEqual([]);
  });
});
