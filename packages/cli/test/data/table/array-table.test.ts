import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadExamples } from "../../../src/data/registry.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { runCommand } from "../../run-command.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { npyBytes, ramp } from "../npy-files.js";
import { zipBytes } from "../zip-files.js";

const root = temporaryFolder();

/** A NumPy file of these numbers, [rows, 3]. */
function npy(descr: string, numbers: readonly number[], fortran = false): Uint8Array {
  const bytes = Number(descr.at(-1));
  const data = new DataView(new ArrayBuffer(bytes * numbers.length));
  const little = descr[0] !== ">";
  numbers.forEach((value, i) => {
    const at = bytes * i;
    if (descr.includes("f8")) data.setFloat64(at, value, little);
    else if (descr.includes("f4")) data.setFloat32(at, value, little);
    else if (descr.includes("f2")) data.setUint16(at, value, little);
    else if (bytes === 8) data.setBigInt64(at, BigInt(value), little);
    else if (bytes === 4) data.setInt32(at, value, little);
    else if (bytes === 2) data.setInt16(at, value, little);
    else data.setInt8(at, value);
  });
  const order = fortran ? "True" : "False";
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${numbers.length / 3}, 3), }`;
  const head = Buffer.alloc(10);
  head.write("\x93NUMPY\x01\x00", "latin1");
  head.writeUInt16LE(118, 8);
  return Buffer.concat([head, Buffer.from(`${text.padEnd(117)}\n`), Buffer.from(data.buffer)]);
}

async function cellsOf(name: string, bytes: Uint8Array) {
  const path = join(root, name);
  writeFileSync(path, bytes);
  const table = await openTable(path);
  const rows = [];
  for await (const block of table.blocks()) rows.push(...block.rows);
  return { names: table.names, rows };
}

it.each(["<f8", ">f8", "<f4", "<i8", "<i4", ">i2", "|i1"])("an array of %s is a table", async (type) => {
  const { names, rows } = await cellsOf("rows.npy", npy(type, [1, -2, 3, 4, 5, -6]));
  expect(names).toEqual(["column 1", "column 2", "column 3"]);
  expect(rows).toEqual([
    [1, -2, 3],
    [4, 5, -6],
  ]);
});

it("an array of half floats, in column order, or in an archive is a table", async () => {
  expect((await cellsOf("rows.npy", npy("<f2", [0x3c00, 0xc000, 0x7e00]))).rows).toEqual([[1, -2, null]]);
  expect((await cellsOf("rows.npy", npy("<f4", [1, 2, 3, 4, 5, 6], true))).rows).toEqual([
    [1, 3, 5],
    [2, 4, 6],
  ]);
  const archive = zipBytes([{ name: "x.npy", content: npy("<i4", [7, 8, 9]) }]);
  expect((await cellsOf("rows.npz", archive)).rows).toEqual([[7, 8, 9]]);
});

it("an array is a table for networks that are built for it, and with a size it holds images", async () => {
  const path = join(root, "default.npy");
  writeFileSync(path, npyBytes([40, 784], ramp(40 * 784)));
  const usual = { table: true };
  const rows = await loadExamples({ name: path, usual }, "train");
  if (!("rows" in rows)) throw new Error("images");
  expect(rows.schema?.columns.length).toBe(784);
  expect(rows.notes?.join("\n")).toContain("add --size 28x28");
  expect(await loadExamples({ name: path }, "train")).not.toHaveProperty("schema");
  const images = await loadExamples({ name: path, usual, reading: { size: [28, 28] } }, "train");
  expect(images.shape).toEqual([1, 28, 28]);
  const archive = join(root, "splits.npz");
  const half = npyBytes([20, 3], ramp(60));
  writeFileSync(
    archive,
    zipBytes(["x_train", "x_test"].map((name) => ({ name: `${name}.npy`, content: half }))),
  );
  expect(await loadExamples({ name: archive, usual }, "test")).toMatchObject({ count: 20, split: "test" });
});

it("a run of an array has a detector that takes arrays", { tags: ["long"] }, async () => {
  const path = join(root, "sensors.npy");
  const numbers = Array.from({ length: 180 }, (_, i) => (i % 3 === 2 ? i % 4 : Math.sin(i)));
  writeFileSync(path, npy("<f8", numbers.with(6, Number.NaN)));
  const run = join(root, "run");
  const out = ["--out", run, "--steps", "3", "--pictures", "none", "--quiet"];
  const trained = await runCommand(["train", "--data", path, ...out]);
  expect([trained.status, trained.stderr]).toEqual([0, expect.any(String)]);
  const scored = await runCommand(["score", run, path, "--where", '"column 3" = 2', "--quiet"]);
  expect(
    scored.stdout
      .split("\n")
      .slice(0, 3)
      .map((line) => line.split(",")[0]),
  ).toEqual(["row", "1", "5"]);
  const own = await runCommand(["score", run, "--quiet"]);
  expect(own.stdout.split("\n")[0]).toBe("row,score,p,flag");
});
