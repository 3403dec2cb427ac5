import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { expect, it } from "vitest";
import { expectRefusal } from "../refusal.js";
import { printed, records, runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();

it("compares a later column with a baseline that does not see the true values of those before either", async () => {
  const random = makeRng(8);
  const copied = join(root, "copied.csv");
  const lines = Array.from({ length: 120 }, () => {
    const [x, a] = [random.normal(), random.normal()];
    return [x, a, a + 0.02 * random.normal()].map((value) => value.toFixed(4)).join(",");
  });
  writeFileSync(copied, `x,a,b\n${lines.join("\n")}\n`);
  const own = join(root, "copied");
  const how = ["--steps", "20", "--ensemble", "2", "--threads", "1", "--out", own, "--json"];
  const document = await printed("train", "--data", copied, "--predict", "a,b", "--given", "x", ...how);
  const [a, b] = JSON.parse(document).targets;
  // b is a and hardly any noise: predicted without a it is as far off
  expect(Math.abs(b.baseline.crps / a.baseline.crps - 1)).toBeLessThan(0.05);
  expect(Math.abs(b.crps / a.crps - 1)).toBeLessThan(0.05);
  // flows that are moved together, and made narrower, are so in the exported file
  const file = join(own, "regression.json");
  const written = JSON.parse(readFileSync(file, "utf8"));
  for (const { value } of written.targets) value.pool = { centred: 0.5, scale: 1.2 };
  writeFileSync(file, JSON.stringify(written));
  const found = records(await printed("predict", own, "--data", copied)).slice(0, 20);
  const exported = join(root, "copied-files");
  await printed("export", own, "--out", exported);
  const ort = await loadRuntime();
  const session = await ort.InferenceSession.create(readFileSync(join(exported, "log-prob.onnx")));
  const rows = records(readFileSync(copied, "utf8")).slice(0, 20);
  const feed = (name: string) =>
    new ort.Tensor(
      "float64",
      Float64Array.from(rows, (row) => Number(row[name])),
      [rows.length, 1],
    );
  const outputs = await session.run({ x: feed("x"), a: feed("a"), b: feed("b") });
  const logs = outputs["log p b"]?.data as Float32Array;
  const off = found.map((row, i) => Math.abs(Number(row["b log p"]) - (logs[i] as number)));
  expect(Math.max(...off)).toBeLessThan(5e-4);
});

it("warns of fewer rows than columns, and leaves rows without a value out", async () => {
  const wide = join(root, "wide.csv");
  const random = makeRng(3);
  const names = Array.from({ length: 30 }, (_, i) => `x${i}`);
  const rows = Array.from({ length: 28 }, (_, i) =>
    [...names.map(() => random.normal().toFixed(3)), i < 3 ? "" : random.normal().toFixed(3)].join(","),
  );
  writeFileSync(wide, `${[...names, "y"].join(",")}\n${rows.join("\n")}\n`);
  const { status, stderr } = await runCommand([
    "train",
    "--data",
    wide,
    "--predict",
    "y",
    "--steps",
    "2",
    "--ensemble",
    "1",
    "--out",
    join(root, "wide"),
  ]);
  expect(status).toBe(0);
  expect(stderr).toContain("fewer rows (20) than columns (31)");
  expect(stderr).toContain("3 rows without a value to predict are left out");
});

it("predicts no name to be missing, and leaves rows without one out", async () => {
  const random = makeRng(5);
  const unnamed = join(root, "unnamed.csv");
  const lines = Array.from({ length: 60 }, (_, i) => {
    const x = random.normal();
    return `${x.toFixed(3)},${i % 4 === 0 ? "" : x > 0 ? "high" : "low"},${i % 2 === 0 ? "" : "yes"}`;
  });
  writeFileSync(unnamed, `x,size,only\n${lines.join("\n")}\n`);
  const own = join(root, "unnamed");
  const how = ["--given", "x", "--steps", "2", "--ensemble", "1", "--threads", "1"];
  const { status, stderr } = await runCommand([
    "train",
    "--data",
    unnamed,
    "--predict",
    "size",
    ...how,
    "--out",
    own,
  ]);
  expect(status).toBe(0);
  expect(stderr).toContain("15 rows without a value to predict are left out");
  const [row] = records(await printed("predict", own, unnamed));
  expect(Object.keys(row ?? {})).not.toContain("size = missing");
  expect(Number(row?.["size = high"]) + Number(row?.["size = low"])).toBeCloseTo(1, 5);
  expect(row?.["size log p"]).toBe("");
  const { targets } = JSON.parse(await printed("evaluate", own, "--json"));
  expect(targets.map(({ rows }: { rows: number }) => rows)).toEqual([9]);
  const again = ["train", "--data", unnamed, "--predict", "only", ...how, "--out", join(root, "only")];
  await expectRefusal(again, 2, 'column "only" is constant');
});
