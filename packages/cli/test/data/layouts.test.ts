import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeImages, hashOf } from "../../src/data/image-set.js";
import { hasSplit, loadDataSet } from "../../src/data/registry.js";
import { temporaryFolder } from "../temporary-folder.js";
import { npyBytes, ramp } from "./npy-files.js";
import { pixelsOf, pngBytes } from "./picture-files.js";
import { zipBytes } from "./zip-files.js";

const root = temporaryFolder();
let made = 0;

function folderOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = join(root, String(made++));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

describe("downsampled ImageNet", () => {
  const batch = (count: number, length = 192, options = {}): Uint8Array =>
    zipBytes([
      { name: "labels.npy", content: npyBytes([count], ramp(count), options) },
      { name: "data.npy", content: npyBytes([count, length], ramp(count * length)) },
      { name: "mean.npy", content: npyBytes([length], ramp(8 * length), { descr: "'<f8'" }) },
    ]);

  it("is all batches of a split, in the order of their numbers", async () => {
    const folder = folderOf({
      "train/train_data_batch_10.npz": batch(1),
      "train/train_data_batch_2.npz": batch(3),
      "val_data.npz": batch(2),
    });
    const set = await loadDataSet({ name: folder }, "train");
    expect(set).toMatchObject({ count: 4, shape: [3, 8, 8] });
    expect(set.hash).toBe(hashOf(Buffer.concat([ramp(576), ramp(192)])));
    expect((await loadDataSet({ name: "imagenet64", dir: folder }, "test")).count).toBe(2);
  });

  it("is refused as pickles, with what to do, and in other sizes", async () => {
    const pickles = folderOf({ train_data_batch_1: "cos\nsystem\n" });
    expect(await hasSplit({ name: pickles }, "test")).toBe(false);
    await expect(loadDataSet({ name: pickles }, "train")).rejects.toThrow(
      /train_data_batch_1: a pickle, which can run any program, so flowify never reads it\nfetch the npz version, or in Python: .*numpy\.savez/,
    );
    await expect(loadDataSet({ name: folderOf({ "val_data.npz": batch(2, 100) }) }, "test")).rejects.toThrow(
      "val_data.npz: data: rows of 100 values, expected 3 × 64 × 64",
    );
    const mixed = folderOf({ "train_data_batch_1.npz": batch(1), "train_data_batch_2.npz": batch(1, 48) });
    await expect(loadDataSet({ name: mixed }, "train")).rejects.toThrow(
      "images of 3×4×4, expected 3×8×8 as in the files before",
    );
  });

  it("may be folders of pictures with the size in their names", async () => {
    const folder = folderOf({
      "train_64x64/1.png": await pngBytes(1),
      "valid_64x64/1.png": await pngBytes(2),
    });
    expect((await loadDataSet({ name: folder }, "test")).hash).toBe(hashOf(pixelsOf(2, 8, 6, 1)));
  });
});

describe("CelebA", () => {
  const pictures = async (): Promise<[string, Uint8Array][]> =>
    Promise.all(
      [1, 2, 3, 4].map(
        async (i) => [`img_align_celeba/00000${i}.jpg`, await pngBytes(i)] as [string, Uint8Array],
      ),
    );
  const list = "000001.jpg 0\n000002.jpg 1\n000003.jpg 0\n000004.jpg 2\n";

  it("has the splits of its list, unpacked or packed", async () => {
    const hashes = {
      train: hashOf(Buffer.concat([pixelsOf(1, 8, 6, 1), pixelsOf(3, 8, 6, 1)])),
      test: hashOf(pixelsOf(4, 8, 6, 1)),
    };
    const unpacked = folderOf({ ...Object.fromEntries(await pictures()), "list_eval_partition.txt": list });
    const zip = zipBytes((await pictures()).map(([name, content]) => ({ name, content, stored: true })));
    const packed = folderOf({
      "img_align_celeba.zip": zip,
      "list_eval_partition.csv": `image_id,partition\n${list.replaceAll(" ", ",")}`,
    });
    for (const dir of [unpacked, packed])
      for (const split of ["train", "test"] as const) {
        expect((await loadDataSet({ name: "celeba", dir }, split)).hash).toBe(hashes[split]);
        expect((await loadDataSet({ name: dir }, split)).drawnFrom).toBeUndefined();
      }
  });

  it("says where only a part of it is there, and names a line that is none", async () => {
    const part = folderOf({
      ...Object.fromEntries(await pictures()),
      "list_eval_partition.txt": `${list}000005.jpg 0\n`,
    });
    expect(describeImages(await loadDataSet({ name: "celeba", dir: part }, "train"))).toBe(
      "2 train images of celeba (of 3; from img_align_celeba)",
    );
    const bad = folderOf({
      ...Object.fromEntries(await pictures()),
      "list_eval_partition.txt": `${list}../5.jpg 9\n`,
    });
    await expect(loadDataSet({ name: bad }, "train")).rejects.toThrow(
      'list_eval_partition.txt: line 5 is "../5.jpg 9", expected NAME.jpg',
    );
    await expect(loadDataSet({ name: "celeba", dir: root }, "train")).rejects.toThrow(
      "looked for img_align_celeba (or img_align_celeba.zip) and list_eval_partition.txt",
    );
    const none = folderOf({
      ...Object.fromEntries(await pictures()),
      "list_eval_partition.txt": "000009.jpg 0\n",
    });
    await expect(loadDataSet({ name: none }, "train")).rejects.toThrow(
      "holds none of the train pictures that",
    );
  });
});
