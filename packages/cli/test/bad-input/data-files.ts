import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { cifarRecords } from "../data/cifar-files.js";
import { idxBytes, squares } from "../data/idx-files.js";
import { npyBytes, ramp } from "../data/npy-files.js";
import { pngBytes } from "../data/picture-files.js";
import type { BadCommand, Place } from "./bad-input.js";

type Content = () => Uint8Array | Promise<Uint8Array>;
type Case = [input: string, name: string, content: Content, culprit: string, remedy: string];

const images = () => npyBytes([4, 2, 2], ramp(16));
const header = (text: string) => npyBytes([1], ramp(1), { header: text });
const text = (words: string) => new TextEncoder().encode(words);

const cases: readonly Case[] = [
  [
    "an idx file cut short",
    "a-idx3-ubyte",
    () => idxBytes([64, 28, 28], squares(64, 28)).subarray(0, 1000),
    "cut short",
    "fetch the file again, or write it again",
  ],
  ["an empty idx file", "a-idx3-ubyte", () => new Uint8Array(), "empty, expected an idx file", "00 00 08 03"],
  [
    "a web page in the place of an idx file",
    "a-idx3-ubyte",
    () => text("<!DOCTYPE html>"),
    "not an idx file: begins with 3c 21 44 4f",
    "expected 00 00 08 03",
  ],
  [
    "an idx file of labels",
    "a-idx3-ubyte",
    () => idxBytes([4], new Uint8Array(4)),
    "has 1 axis, expected 3",
    "(images × rows × columns)",
  ],
  [
    "an idx header of 2⁶² images",
    "a-idx3-ubyte",
    () => idxBytes([2 ** 31, 2 ** 31, 28], new Uint8Array(9)),
    "a wrong header",
    "fetch the file again, or write it again",
  ],
  [
    "an idx file of no images",
    "a-idx3-ubyte",
    () => idxBytes([0, 28, 28], new Uint8Array()),
    "it holds no examples",
    "0 × 28 × 28",
  ],
  [
    "an idx file of floats",
    "a-idx3-ubyte",
    () => idxBytes([1, 1, 1], new Uint8Array(4), 0x0d),
    "holds 32-bit floats (type 0x0d)",
    "expected unsigned bytes (0x08)",
  ],
  [
    "a damaged gzip file",
    "a-idx3-ubyte.gz",
    () => gzipSync(idxBytes([4, 2, 2], ramp(16))).subarray(0, -10),
    "gzip file cut short",
    "fetch the file again, or write it again",
  ],
  [
    "an array of floats",
    "a.npy",
    () => npyBytes([4, 2, 2], new Uint8Array(64), { descr: "'<f4'" }),
    "holds <f4, expected unsigned bytes",
    'numpy.save("data.npy", (255 * x).round().astype("uint8"))',
  ],
  [
    "an array of Python objects",
    "a.npy",
    () => npyBytes([4], ramp(4), { descr: "'|O'" }),
    "Python objects (a pickle)",
    'numpy.save("data.npy", numpy.stack(list(x)).astype("uint8"))',
  ],
  [
    "an array in column order",
    "a.npy",
    () => npyBytes([4, 2, 2], ramp(16), { fortran: true }),
    "its elements are stored column by column (fortran_order), expected row by row",
    "numpy.ascontiguousarray(x)",
  ],
  [
    "an array cut short",
    "a.npy",
    () => images().subarray(0, -3),
    "cut short",
    "fetch the file again, or write it again",
  ],
  [
    "an array with more bytes than its header says",
    "a.npy",
    () => Buffer.concat([images(), ramp(3)]),
    "the file has 147: trailing bytes",
    "fetch the file again, or write it again",
  ],
  [
    "a header of 10⁴⁵ images",
    "a.npy",
    () => npyBytes([1e15, 1e15, 28], ramp(9)),
    "cut short, or a wrong header",
    "fetch the file again, or write it again",
  ],
  [
    "a header of negative sizes",
    "a.npy",
    () => npyBytes([-4, 2, 2], ramp(9)),
    "no descr, fortran_order or shape",
    "(-4, 2, 2)",
  ],
  [
    "a header that is a program",
    "a.npy",
    () => header("__import__('os').system('id')"),
    "no descr, fortran_order or shape",
    "__import__('os').system('id')",
  ],
  [
    "a header of 4 GiB",
    "a.npy",
    () => Buffer.concat([npyBytes([1], ramp(1), { version: 2 }).subarray(0, 8), Buffer.alloc(8, 255)]),
    "a header of 4294967295 bytes",
    "expected at most 65536",
  ],
  [
    "rows with a value that is not finite",
    "a.npy",
    () =>
      npyBytes([20, 1], new Uint8Array(Float32Array.from({ length: 20 }, (_, i) => 1 / (i - 2)).buffer), {
        descr: "'<f4'",
      }),
    'column "column 1": row 3 holds "Infinity"',
    "correct these cells, or leave the column out by --drop 'column 1'",
  ],
  [
    "an array of one axis",
    "a.npy",
    () => npyBytes([4], ramp(4)),
    "an array [4], expected images [n, h, w]",
    "with 1 or 3 channels",
  ],
  [
    "an array of one image",
    "a.npy",
    () => npyBytes([1, 2, 2], ramp(4)),
    "a single image",
    "expected at least one for training and one for the test",
  ],
  [
    "a file of an unknown kind",
    "a.mat",
    () => ramp(9),
    "a file of an unknown kind",
    "expected .npy, .npz, .tar, .tar.gz, .zip or idx",
  ],
  [
    "a text in the place of an array",
    "a.npy",
    () => text("1 2 3"),
    "not a NumPy file: begins with 3120322033",
    "expected 934e554d5059",
  ],
];

/** A folder of these files. */
const folderOf =
  (files: { [name: string]: Uint8Array }) =>
  ({ images }: Place) => {
    const folder = images();
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    return folder;
  };

const usual = { status: 2, code: "DATA" } as const;

/** Files and folders of images. */
export const dataFiles: readonly BadCommand[] = [
  ...cases.map(
    ([input, name, content, culprit, remedy]): BadCommand => ({
      input,
      args: async ({ write }) => ["baseline", "--data", write(name, await content())],
      ...usual,
      says: [culprit, remedy],
    }),
  ),
  {
    input: "a folder in the place of a file",
    args: ({ images }) => ["baseline", "--data", `${images()}.npy`],
    ...usual,
    says: ["images.npy", "no such file"],
  },
  {
    input: "an empty folder",
    args: (place) => ["baseline", "--data", folderOf({})(place)],
    ...usual,
    says: ["no data found, expected pictures (.png, .jpg, .webp), idx files", "the folder is empty"],
  },
  {
    input: "a folder of CIFAR-10 cut short",
    args: (place) => [
      "baseline",
      "--data",
      folderOf({ "data_batch_1.bin": cifarRecords(2).subarray(0, 5000) })(place),
    ],
    ...usual,
    says: ["data_batch_1.bin: 5000 bytes, expected 30730000", "cut short, ends inside record 1"],
  },
  {
    input: "a folder of CIFAR-100",
    args: (place) => ["baseline", "--data", folderOf({ "data_batch_1.bin": cifarRecords(2, 2) })(place)],
    ...usual,
    says: ["data_batch_1.bin: 6148 bytes are 2 records of 3074", "which is CIFAR-100"],
  },
  {
    input: "`--data-dir` without the files of the data set",
    args: ({ write }) => ["train", "--data-dir", write("a", "").replace(/a$/, "")],
    ...usual,
    says: ["no train images", "looked for"],
  },
  {
    input: "images of CIFAR-10 for a network of MNIST",
    args: (place) => [
      "train",
      "--network",
      "mnist/fconv2",
      "--data",
      "cifar10",
      "--data-dir",
      folderOf({ "data_batch_1_first4.bin": cifarRecords(4) })(place),
    ],
    status: 2,
    code: "SHAPE",
    says: ["mnist/fconv2 takes images [1, 28, 28]", "the data set cifar10 has images [3, 32, 32]"],
  },
  {
    input: "a folder with a damaged picture",
    args: async (place) => [
      "baseline",
      "--data",
      folderOf({ "a.png": await pngBytes(1), "b.png": (await pngBytes(2)).subarray(0, 40) })(place),
    ],
    ...usual,
    says: ["b.png", "--skip-corrupt"],
  },
  {
    input: "pictures of several sizes",
    args: async (place) => [
      "baseline",
      "--data",
      folderOf({ "a.png": await pngBytes(1), "b.png": await pngBytes(2, 9, 9) })(place),
    ],
    ...usual,
    says: ["b.png", "--size"],
  },
  {
    input: "colour among grey pictures",
    args: async (place) => [
      "baseline",
      "--data",
      folderOf({ "a.png": await pngBytes(1), "b.png": await pngBytes(2, 8, 6, 3) })(place),
    ],
    ...usual,
    says: ["b.png", "--grey"],
  },
  {
    input: "a batch larger than the data",
    args: ({ images }) => ["train", "--data", images(), "--batch", "65"],
    status: 2,
    code: "USAGE",
    says: ["a batch of 65 is larger than the data (58 images)", "choose a smaller --batch"],
  },
  {
    input: "a limit larger than the data",
    args: ({ images }) => ["train", "--data", images(), "--batch", "8", "--limit", "65"],
    status: 2,
    code: "USAGE",
    says: ["--limit 65: ", "has only 58 train images"],
  },
];
