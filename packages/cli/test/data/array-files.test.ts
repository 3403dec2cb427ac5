import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../src/data/format.js";
import { describeImages, type RowSet } from "../../src/data/image-set.js";
import { hasSplit, loadDataSet, loadExamples } from "../../src/data/registry.js";
import { temporaryFolder } from "../temporary-folder.js";
import { idxBytes, squares } from "./idx-files.js";
import { type NpyOptions, npyBytes, ramp } from "./npy-files.js";
import { type ZipFileEntry, zipBytes } from "./zip-files.js";

const root = temporaryFolder();
let made = 0;

function write(name: string, bytes: Uint8Array): string {
  const path = join(root, `${made++}-${name}`);
  writeFileSync(path, bytes);
  return path;
}

const npy = (sizes: readonly number[], options?: NpyOptions): Uint8Array =>
  npyBytes(sizes, ramp(sizes.reduce((a, b) => a * b, 1)), options);
const npz = (arrays: Readonly<Record<string, Uint8Array>>): Uint8Array =>
  zipBytes(Object.entries(arrays).map(([name, content]) => ({ name: `${name}.npy`, content })));

const train = (name: string, reading?: Reading) => loadDataSet({ name, reading }, "train");

async function refusal(name: string, reading?: Reading): Promise<string> {
  const error = await train(name, reading).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toContain(name);
  return (error as Error).message;
}

describe("a NumPy file", () => {
  it.each<[string, number[], number[], Reading?]>([
    ["[n, h, w]", [20, 4, 3], [1, 4, 3]],
    ["[n, c, h, w]", [20, 3, 4, 5], [3, 4, 5]],
    ["[n, h, w, 1]", [20, 4, 5, 1], [1, 4, 5]],
    ["[n, h·w] of a given size", [20, 12], [1, 3, 4], { size: [3, 4] }],
    ["[n, 3·h·w] of a given size", [20, 36], [3, 3, 4], { size: [3, 4] }],
  ])("of %s is split in ten", async (_, sizes, shape, reading) => {
    const path = write("faces.npy", npy(sizes));
    const [set, test] = [await train(path, reading), await loadDataSet({ name: path, reading }, "test")];
    expect([set.shape, set.count, test.count]).toEqual([shape, 18, 2]);
    expect(describeImages(test)).toBe(`2 test images of ${set.name} (drawn from 20)`);
    // each image is in one of both parts: those of the test in the order of the file, the others mixed
    const size = sizes.slice(1).reduce((a, b) => a * b, 1);
    const all = Array.from({ length: 20 }, (__, i) => ramp(20 * size).subarray(i * size, (i + 1) * size));
    const rows = (images: Uint8Array) =>
      Array.from({ length: images.length / size }, (__, i) =>
        Buffer.from(images.subarray(i * size, (i + 1) * size)).toString("hex"),
      );
    const [mixed, drawn] = [rows(set.images), rows(test.images)];
    const inFile = all.map((row) => Buffer.from(row).toString("hex"));
    expect(inFile.filter((row) => drawn.includes(row))).toEqual(drawn);
    const kept = inFile.filter((row) => !drawn.includes(row));
    expect(mixed.toSorted()).toEqual(kept.toSorted());
    expect(mixed).not.toEqual(kept);
  });

  it("of [n, h, w, 3] becomes planes", async () => {
    const pixels = Uint8Array.from({ length: 2 * 2 * 2 * 3 }, (_, i) => i % 12);
    const set = await train(write("colour.npy", npyBytes([2, 2, 2, 3], pixels)));
    expect([...set.images]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
  });

  it.each([1, 2, 3])("may have version %i of the format", async (version) => {
    expect((await train(write("v.npy", npy([20, 4, 3], { version })))).count).toBe(18);
  });

  it.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(), "empty, expected a NumPy file"],
    ["foreign", Buffer.from("<!DOCTYPE html>"), "not a NumPy file: begins with 3c21444f"],
    ["cut short in its header", npy([4, 2, 2]).subarray(0, 40), "cut short inside its header: 40 bytes"],
    ["cut short", npy([4, 2, 2]).subarray(0, -1), "which takes 144 bytes, but the file has 143: cut short"],
    ["too long", Buffer.concat([npy([4, 2, 2]), ramp(1)]), "has 145: trailing bytes"],
    ["of floats", npyBytes([4, 2, 2], ramp(64), { descr: "'<f4'" }), "x.reshape(4, -1)"],
    ["of booleans", npy([4, 2, 2], { descr: "'|b1'" }), "holds |b1, expected unsigned bytes"],
    ["of Python objects", npy([4], { descr: "'|O'" }), "(a pickle), which can run any program"],
    ["of records", npy([4], { descr: "[('x', '|u1')]" }), "holds records [('x', '|u1')], expected"],
    ["in column order", npy([4, 2, 2], { fortran: true }), "numpy.ascontiguousarray(x)"],
    ["without examples", npyBytes([0, 2, 2], new Uint8Array()), "0 × 2 × 2, so it holds no examples"],
    ["of huge sizes", npyBytes([1e15, 1e15, 28], ramp(9)), "cut short, or a wrong header"],
    [
      "of sizes past any number",
      npy([1], { header: `{'descr': '|u1', 'fortran_order': False, 'shape': (${"9".repeat(400)}, 1, 1), }` }),
      "cut short, or a wrong header",
    ],
    ["of negative sizes", npyBytes([-4, 2, 2], ramp(9)), "no descr, fortran_order or shape"],
    [
      "with a program for a header",
      npy([4], { header: "__import__('os')" }),
      "no descr, fortran_order or shape",
    ],
    ["of version 9", npy([4, 2, 2], { version: 9 }), "version 9 of NumPy's format, expected 1, 2 or 3"],
    [
      "of an endless header",
      Buffer.concat([npy([4, 2, 2], { version: 2 }).subarray(0, 8), Buffer.alloc(8, 255)]),
      "a header of 4294967295 bytes",
    ],
    ["of one axis", npy([4]), "an array [4], expected images [n, h, w]"],
    ["of four channels", npy([2, 5, 5, 4]), "[2, 5, 5, 4], expected images"],
    [
      "of a type that is no number",
      npy([4, 2], { descr: "'<U1'" }),
      "holds <U1, expected integers or floats",
    ],
    ["of one image", npy([1, 2, 2]), "a single image"],
  ])("that is %s is refused", async (_, bytes, message) => {
    expect(await refusal(write("bad.npy", bytes))).toContain(message);
  });

  it("is refused where its images have another size than asked for", async () => {
    expect(await refusal(write("s.npy", npy([4, 2, 2])), { size: [3, 3] })).toContain(
      "images of 2x2, expected 3x3",
    );
    expect(await refusal(write("s.npy", npy([4, 4])), { size: [3, 3] })).toContain(
      "rows of 4 values, but images of 3x3 have 9, or 27 in colour",
    );
  });
});

describe("a NumPy archive", () => {
  it.each(["images", "data", "x", "arr_0", "whatever"])("with all images in %s", async (name) => {
    expect(await train(write("a.npz", npz({ [name]: npy([20, 4, 3]) })))).toMatchObject({
      count: 18,
      drawnFrom: 20,
    });
  });

  it.each<[string, Uint8Array, Uint8Array | undefined]>([
    ["labels", npyBytes([4], Uint8Array.of(3, 0, 1, 2)), Uint8Array.of(3, 0, 1, 2)],
    ["labels in a column", npyBytes([4, 1], Uint8Array.of(3, 0, 1, 2)), Uint8Array.of(3, 0, 1, 2)],
    [
      "wide labels",
      npyBytes([4], new Uint8Array(Int32Array.of(1, 0, 1, 2).buffer), { descr: "'<i4'" }),
      Uint8Array.of(1, 0, 1, 2),
    ],
    ["too few labels", npyBytes([3], Uint8Array.of(3, 0, 1)), undefined],
    ["other numbers", npyBytes([4], ramp(16), { descr: "'<f4'" }), undefined],
    ["negative numbers", npyBytes([4], Uint8Array.of(0, 1, 255, 1), { descr: "'|i1'" }), undefined],
  ])("with %s beside the images", async (_, y_train, labels) => {
    const set = await train(write("labelled.npz", npz({ x_train: npy([4, 4, 3]), y_train })));
    expect([set.count, set.labels]).toEqual([4, labels]);
  });

  it("with an array for each split, one of which may be missing", async () => {
    const both = write("b.npz", npz({ x_train: npy([6, 4, 3]), y_train: npy([6]), x_test: npy([5, 4, 3]) }));
    expect((await train(both)).count).toBe(6);
    expect((await loadDataSet({ name: both }, "test")).count).toBe(5);
    const one = write("c.npz", npz({ train_images: npy([6, 4, 3]) }));
    expect([await hasSplit({ name: one }, "train"), await hasSplit({ name: one }, "test")]).toEqual([
      true,
      false,
    ]);
    await expect(loadDataSet({ name: one }, "test")).rejects.toThrow("no test images: looked for x_test");
  });

  const good: ZipFileEntry = { name: "x.npy", content: npy([20, 4, 3]) };
  it.each<[string, () => Uint8Array, string]>([
    ["no zip file", () => npy([2, 2, 2]), "damaged, or not a zip archive"],
    ["cut short", () => zipBytes([good]).subarray(0, -30), "damaged, or not a zip archive"],
    [
      "without arrays",
      () => zipBytes([{ name: "a.txt", content: ramp(3) }]),
      "holds no arrays (files NAME.npy)",
    ],
    [
      "of arrays of any name",
      () => npz({ a: npy([2, 2, 2]), b: npy([2, 2, 2]) }),
      "holds a, b, expected x_train and x_test, or x",
    ],
    [
      "of floats",
      () => npz({ x: npyBytes([4, 2, 2], ramp(128), { descr: "'<f8'" }) }),
      ": x: holds <f8, expected unsigned bytes",
    ],
    ["of a pickle", () => npz({ x: npy([4], { descr: "'|O'" }) }), ": x: holds Python objects (a pickle)"],
    ["with a false checksum", () => zipBytes([{ ...good, crc: 1 }]), "x.npy: damaged (its checksum differs)"],
    ["with a false size", () => zipBytes([{ ...good, size: 300 }]), "x.npy: damaged ("],
    [
      "with a size past deflate's",
      () => zipBytes([{ ...good, size: 2 ** 31 }]),
      "bytes unpack to 2147483648: a wrong directory",
    ],
    ["encrypted", () => zipBytes([{ ...good, flags: 1 }]), "x.npy: encrypted"],
    [
      "packed in another way",
      () => zipBytes([{ ...good, method: 14 }]),
      "x.npy: packed by method 14, expected stored (0) or deflate (8)",
    ],
    ["with a name twice", () => zipBytes([good, good]), "holds x.npy twice"],
    [
      "with a path upwards",
      () => zipBytes([{ ...good, name: "../x.npy" }]),
      '"../x.npy": a path outside of the archive',
    ],
    [
      "with an absolute path",
      () => zipBytes([{ ...good, name: "/etc/x.npy" }]),
      '"/etc/x.npy": a path outside of the archive',
    ],
  ])("that is %s is refused", async (_, bytes, message) => {
    expect(await refusal(write("bad.npz", bytes()))).toContain(message);
  });
});

describe("a single file", () => {
  it("of idx, packed or not", async () => {
    const bytes = idxBytes([20, 6, 6], squares(20, 6));
    const [plain, packed] = [
      write("a-images-idx3-ubyte", bytes),
      write("b-images.idx3-ubyte.gz", gzipSync(bytes)),
    ];
    expect(await train(plain)).toMatchObject({
      count: 18,
      shape: [1, 6, 6],
      name: expect.stringMatching(/-a-images$/),
    });
    expect((await train(packed)).hash).toBe((await train(plain)).hash);
  });

  it("of an unknown kind, or absent", async () => {
    expect(await refusal(write("a.mat", ramp(9)))).toContain(
      "a file of an unknown kind, expected .npy, .npz, .tar, .tar.gz, .zip or idx",
    );
    expect(await refusal(join(root, "absent.npy"))).toContain("absent.npy: no such file");
  });
});

describe("rows of bytes that may be pictures", () => {
  const notesOf = async (name: string) => ((await loadExamples({ name }, "train")) as RowSet).notes;

  it.each([
    [560, "28 × 20 pictures? then add --size 28x20"],
    [784, "28 × 28 pictures? then add --size 28x28"],
    [3072, "32 × 32 pictures in color? then add --size 32x32"],
    [4096, "64 × 64 pictures? then add --size 64x64"],
  ])("of %i columns ask: %s", async (columns, question) => {
    const path = write("faces.npy", npy([20, columns]));
    expect(await notesOf(path)).toEqual([
      `${path}: rows of ${columns} bytes, read as a table: are they ${question}`,
    ]);
  });

  it.each([
    [20, 784, "'|i1'"],
    [20, 13, "'|u1'"],
    [20, 127, "'|u1'"],
  ] as const)("[%i, %i] of %s are not asked about", async (rows, columns, descr) => {
    expect(await notesOf(write("rows.npy", npy([rows, columns], { descr })))).toBeUndefined();
  });
});
