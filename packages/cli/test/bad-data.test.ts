import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { cifarRecords } from "./data/cifar-files.js";
import { idxBytes, squares, writeIdxFolder } from "./data/idx-files.js";
import { expectRefusal } from "./refusal.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const data = writeIdxFolder(join(root, "images"));
let made = 0;

/** A folder with one damaged file in the place of its training images. */
function damaged(bytes: Uint8Array): string {
  const folder = writeIdxFolder(join(root, `damaged-${made++}`));
  writeFileSync(join(folder, "train-images-idx3-ubyte"), bytes);
  return folder;
}

describe("data that cannot be used end with status 2", () => {
  it.each<[string, () => Uint8Array, string]>([
    ["cut short", () => idxBytes([64, 28, 28], squares(64, 28)).subarray(0, 1000), "cut short"],
    ["empty", () => new Uint8Array(), "empty, expected an idx file"],
    [
      "foreign",
      () => new TextEncoder().encode("<!DOCTYPE html>"),
      "not an idx file: begins with 3c 21 44 4f",
    ],
    ["of the wrong magic", () => idxBytes([4], new Uint8Array(4)), "has 1 axes, expected 3"],
    [
      "with a header larger than the file",
      () => idxBytes([2 ** 31, 2 ** 31, 28], new Uint8Array(9)),
      "a false header",
    ],
    ["without items", () => idxBytes([0, 28, 28], new Uint8Array()), "it holds no items"],
  ])("a data file that is %s", (_, bytes, message) => {
    const folder = damaged(bytes());
    const path = join(folder, "train-images-idx3-ubyte");
    return expectRefusal(["train", "--data", folder], 2, `error[DATA]: ${path}: `, message);
  });

  it("a data set that is not there, or not where it is said to be", async () => {
    await expectRefusal(
      ["train", "--data", join(root, "absent")],
      2,
      "error[DATA]",
      "absent: no such folder",
    );
    await expectRefusal(
      ["train", "--data-dir", root],
      2,
      `error[DATA]: ${root}: no train images: looked for`,
    );
  });

  it("images that the network does not take, with both shapes", async () => {
    const small = writeIdxFolder(join(root, "small"), { side: 10 });
    const message = "error[SHAPE]: mnist/fmlp takes images [1, 28, 28], the data set small has [1, 10, 10]";
    await expectRefusal(["train", "--data", small, "--batch", "8"], 2, message);
  });

  it("files of CIFAR-10 that are none, and images that the network does not take", async () => {
    const folder = join(root, "cifar");
    mkdirSync(folder);
    writeFileSync(join(folder, "data_batch_1.bin"), cifarRecords(2, 2));
    const args = ["train", "--network", "cifar10/fconv2", "--data-dir", folder];
    await expectRefusal(args, 2, "error[DATA]: ", "data_batch_1.bin: 6148 bytes are 2 records of 3074");
    writeFileSync(join(folder, "data_batch_1.bin"), cifarRecords(2).subarray(0, 5000));
    await expectRefusal(args, 2, "data_batch_1.bin: 5000 bytes, expected 30730000", "cut short");
    const small = join(root, "cifar-part");
    mkdirSync(small);
    writeFileSync(join(small, "data_batch_1_first4.bin"), cifarRecords(4));
    const other = ["train", "--network", "mnist/fconv2", "--data", "cifar10", "--data-dir", small];
    const message =
      "error[SHAPE]: mnist/fconv2 takes images [1, 28, 28], the data set cifar10 has [3, 32, 32]";
    await expectRefusal(other, 2, message);
  });

  it("a network in a file whose layers do not fit", async () => {
    const file = join(root, "misfit.json");
    const layers = [{ kind: "dequantize" }, { kind: "conv2d", out: 4, kernel: 30, padding: 0 }];
    writeFileSync(file, JSON.stringify({ inShape: [1, 28, 28], layers }));
    const args = ["train", "--network", file, "--data", data, "--batch", "8"];
    await expectRefusal(args, 2, "error[SHAPE]: misfit: conv2d[1]: ", "larger than the padded image");
  });

  it("a batch larger than the data, a limit larger than the data", async () => {
    const args = ["train", "--data", data, "--batch"];
    await expectRefusal(
      [...args, "65"],
      2,
      "error[USAGE]: a batch of 65 is larger than the data (64 images)",
    );
    await expectRefusal([...args, "8", "--limit", "65"], 2, "--limit 65: images has only 64 train images");
  });
});
