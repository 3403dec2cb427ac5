import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { cifarFolder } from "../../src/data/cifar10.js";
import { describeImages } from "../../src/data/image-set.js";
import { hasSplit, loadDataSet } from "../../src/data/registry.js";
import { temporaryFolder } from "../temporary-folder.js";
import { cifarRecords } from "./cifar-files.js";

const root = temporaryFolder();
let made = 0;

function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = join(root, String(made++));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

describe("cifarFolder", () => {
  it("reads labels and pixels, channel by channel", async () => {
    const folder = folderOf({ "test_batch_first3.bin": cifarRecords(3) });
    const set = await cifarFolder.read(folder, "test", "cifar10", {});
    expect(set).toMatchObject({ name: "cifar10", split: "test", count: 3, shape: [3, 32, 32] });
    expect([...set.labels!]).toEqual([0, 1, 2]);
    expect([...set.images.subarray(3072, 3075)]).toEqual([31, 32, 33]);
  });

  it("takes whichever batches are there, packed or not, in the archive's folder too, and says which", async () => {
    const folder = folderOf({
      "cifar-10-batches-bin/data_batch_4_first2.bin": cifarRecords(2),
      "cifar-10-batches-bin/data_batch_2_first3.bin.gz": gzipSync(cifarRecords(3)),
      "cifar-10-batches-bin/data_batch_2_first1.bin": cifarRecords(1),
      "cifar-10-batches-bin/batches.meta.txt": new Uint8Array(9),
    });
    const set = await cifarFolder.read(folder, "train", "cifar10", {});
    expect([...set.labels!]).toEqual([0, 1, 2, 0, 1]);
    expect(describeImages(set)).toBe(
      "5 train images of cifar10 (of 50,000; from data_batch_2_first3.bin.gz, data_batch_4_first2.bin)",
    );
    expect(cifarFolder.holds(folder, "test")).toBe(false);
  });

  it("takes a whole test batch for all there is", async () => {
    const folder = folderOf({ "test_batch.bin.gz": gzipSync(cifarRecords(10_000), { level: 1 }) });
    const set = await cifarFolder.read(folder, "test", "cifar10", {});
    expect(set.count).toBe(10_000);
    expect(describeImages(set)).toBe("10,000 test images of cifar10");
  });

  it.each<[string, string, () => Uint8Array, string]>([
    [
      "an empty file",
      "test_batch.bin",
      () => new Uint8Array(),
      "empty, expected 30730000 (10000 records of 3073)",
    ],
    [
      "one cut short inside a record",
      "data_batch_1.bin",
      () => cifarRecords(5).subarray(0, 9999),
      "9999 bytes, expected 30730000 (10000 records of 3073): cut short, ends inside record 3",
    ],
    ["one cut short between records", "data_batch_1.bin", () => cifarRecords(5), "cut short, 5 records"],
    [
      "one that is longer than its name says",
      "test_batch_first2.bin",
      () => cifarRecords(3),
      "9219 bytes, expected 6146 (2 records of 3073): trailing bytes, 3 records",
    ],
    [
      "the 100-class kind",
      "test_batch.bin",
      () => cifarRecords(4, 2),
      "12296 bytes are 4 records of 3074 with two labels each, which is CIFAR-100",
    ],
    [
      "the 100-class kind, packed",
      "test_batch_first4.bin.gz",
      () => gzipSync(cifarRecords(4, 2)),
      "which is CIFAR-100",
    ],
    [
      "a label over 9",
      "test_batch_first3.bin",
      () => cifarRecords(3).fill(10, 2 * 3073, 2 * 3073 + 1),
      "record 2 has the label 10, expected 0..9",
    ],
    [
      "a gzip file cut short",
      "test_batch_first3.bin.gz",
      () => gzipSync(cifarRecords(3)).subarray(0, 200),
      "gzip file cut short",
    ],
  ])("refuses %s and names the file", async (_, name, bytes, message) => {
    const folder = folderOf({ [name]: bytes() });
    const split = name.startsWith("test") ? "test" : "train";
    const error = await cifarFolder.read(folder, split, "cifar10", {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toContain(`${join(folder, name)}: `);
    expect((error as DataError).message).toContain(message);
  });

  it.each<[string, string]>([
    ["train.bin", "its files are of CIFAR-100"],
    ["data_batch_1", "the Python version"],
    ["cifar-10-binary.tar.gz", "unpack it with tar -xf"],
  ])("a folder that holds %s in its place", async (name, message) => {
    const folder = folderOf({ [name]: new Uint8Array(1) });
    await expect(cifarFolder.read(folder, "train", "cifar10", {})).rejects.toThrow(
      /no train images: looked for data_batch_1\.bin … data_batch_5\.bin, also with \.gz/,
    );
    await expect(cifarFolder.read(folder, "train", "cifar10", {})).rejects.toThrow(message);
  });
});

describe("the data set cifar10", () => {
  it("is read from --data-dir, and a folder of its files by its path", async () => {
    const dir = folderOf({ "data_batch_1_first2.bin": cifarRecords(2) });
    expect(await loadDataSet({ name: "cifar10", dir }, "train")).toMatchObject({ name: "cifar10", count: 2 });
    expect(await loadDataSet({ name: dir }, "train")).toMatchObject({ shape: [3, 32, 32] });
    expect(await hasSplit({ name: "cifar10", dir }, "test")).toBe(false);
  });

  it("says where it looked and where it can be had", async () => {
    const before = process.env.HOME;
    process.env.HOME = root;
    try {
      const error = await loadDataSet({ name: "cifar10" }, "train").catch((reason: unknown) => reason);
      expect((error as Error).message).toMatch(/cifar10: no train images found in .*cifar-10-batches-bin/);
      expect((error as Error).message).toContain("cifar-10-binary.tar.gz, unpack it, and name its folder");
    } finally {
      process.env.HOME = before;
    }
  });
});
