import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { packTar, type TarEntry } from "modern-tar";
import { beforeAll, describe, expect, it } from "vitest";
import type { Reading } from "../../src/data/format.js";
import { loadDataSet } from "../../src/data/registry.js";
import { temporaryFolder } from "../temporary-folder.js";
import { pngBytes } from "./picture-files.js";
import { type ZipFileEntry, zipBytes } from "./zip-files.js";

const root = temporaryFolder();
let made = 0;
const names = ["b.png", "a/2.png", "a/1.png", "c.png", "d.png", "e.png"];
let pictures: ReadonlyMap<string, Uint8Array>;
let one: Uint8Array;

beforeAll(async () => {
  pictures = new Map(await Promise.all(names.map(async (name, i) => [name, await pngBytes(i)] as const)));
  one = pictures.get("b.png")!;
});

function write(name: string, bytes: Uint8Array): string {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const file = (name: string, body: Uint8Array): TarEntry => ({ header: { name, size: body.length }, body });
const tarOf = (...entries: TarEntry[]): Promise<Uint8Array> => packTar(entries);
const zipOf = (...entries: [name: string, content: Uint8Array][]): Uint8Array =>
  zipBytes(entries.map(([name, content], i) => ({ name, content, stored: i % 2 === 0 })));
/** The archive with another size in its first header. */
function withSize(tar: Uint8Array, size: number): Uint8Array {
  const bytes = Buffer.from(tar);
  bytes.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  bytes.write("        ", 148);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

const train = (name: string, reading?: Reading) => loadDataSet({ name, reading }, "train");

async function refusal(path: string, reading?: Reading): Promise<string> {
  const error = await train(path, reading).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toContain(`${path}: `);
  return (error as Error).message;
}

describe("an archive of pictures", () => {
  it.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    ["faces.tar", () => tarOf(...[...pictures].map(([name, png]) => file(name, png)))],
    [
      "faces.tar.gz",
      async () =>
        gzipSync(await tarOf(...[...pictures].reverse().map(([name, png]) => file(`./faces/${name}`, png)))),
    ],
    [
      "faces.tgz",
      async () =>
        gzipSync(await tarOf(...[...pictures].map(([name, png]) => file(`${"x/".repeat(120)}${name}`, png)))),
    ],
    ["faces.zip", () => zipOf(...pictures)],
    [
      "FACES.ZIP",
      () =>
        zipOf(
          ["faces/", new Uint8Array()],
          ["faces/notes.txt", new Uint8Array(2)],
          ["__MACOSX/faces/._b.png", new Uint8Array(2)],
          ...[...pictures].map(([name, png]) => [`faces/${name}`, png] as [string, Uint8Array]),
        ),
    ],
  ])("%s gives what a folder of the same pictures gives", async (name, bytes) => {
    const folder = join(root, `folder-${made++}`, "faces");
    for (const [picture, png] of pictures) {
      mkdirSync(join(folder, picture, ".."), { recursive: true });
      writeFileSync(join(folder, picture), png);
    }
    const path = write(name, await bytes());
    for (const split of ["train", "test"] as const) {
      const wanted = await loadDataSet({ name: folder }, split);
      expect(await loadDataSet({ name: path }, split)).toEqual({
        ...wanted,
        name: name.replace(/\..*/, ""),
        names: wanted.names?.map((picture) => expect.stringMatching(`${picture}$`)),
      });
    }
  });

  it("has the splits of its folders", async () => {
    const path = write(
      "s.tar",
      await tarOf(file("s/test/1.png", one), file("s/train/2.png", one), file("s/train/1.png", one)),
    );
    expect((await train(path)).count).toBe(2);
    expect((await loadDataSet({ name: path }, "test")).drawnFrom).toBeUndefined();
  });

  it("may hold damaged pictures, which are named, or skipped", async () => {
    const torn = one.subarray(0, 30);
    const tar = write(
      "t.tar",
      await tarOf(file("train/1.png", one), file("train/2.png", torn), file("test/1.png", one)),
    );
    const zip = write("t.zip", zipOf(["train/1.png", one], ["train/2.png", torn], ["test/1.png", one]));
    for (const path of [tar, zip]) {
      expect(await refusal(path)).toContain("train/2.png: cannot be read as a picture");
      expect(await train(path, { skipCorrupt: true })).toMatchObject({ count: 1, skipped: ["train/2.png"] });
    }
  });
});

describe("a tar archive", () => {
  const link = (type: "symlink" | "link", linkname: string): TarEntry => ({
    header: { name: "l.png", size: 0, type, linkname },
  });
  it.each<[string, () => Promise<Uint8Array> | Uint8Array, string]>([
    ["empty", () => new Uint8Array(), "damaged, or not a tar archive"],
    ["without pictures", () => tarOf(file("a.txt", one)), "no pictures (.png, .jpg, .webp); it holds a.txt"],
    ["foreign", () => Buffer.alloc(4096, "<!DOCTYPE html>"), "damaged, or not a tar archive"],
    [
      "cut short",
      async () => (await tarOf(file("a.png", one), file("b.png", one))).subarray(0, -1536),
      "damaged, or not a tar archive (Tar archive is truncated.)",
    ],
    [
      "damaged in a header",
      async () => (await tarOf(file("a.png", one))).map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
      "checksum",
    ],
    [
      "with a path upwards",
      () => tarOf(file("a.png", one), file("x/../../b.png", one)),
      '"x/../../b.png": a path outside of the archive',
    ],
    [
      "with an absolute path",
      () => tarOf(file("/etc/a.png", one)),
      '"/etc/a.png": a path outside of the archive',
    ],
    ["with a path of Windows", () => tarOf(file("C:\\a.png", one)), "a path outside of the archive"],
    [
      "with a symbolic link",
      () => tarOf(link("symlink", "/etc/passwd")),
      '"l.png": a symlink, expected files and folders',
    ],
    ["with a hard link", () => tarOf(file("a.png", one), link("link", "a.png")), '"l.png": a link, expected'],
    [
      "with a device",
      () => tarOf({ header: { name: "d.png", size: 0, type: "character-device" } }),
      "a character-device, expected",
    ],
    ["with a name twice", () => tarOf(file("a.png", one), file("./a.png", one)), '"./a.png": present twice'],
    [
      "with a file past any picture",
      async () => withSize(await tarOf(file("a.png", one)), 2 ** 32),
      `${2 ** 32} bytes, expected at most 268435456`,
    ],
  ])("that is %s is refused", async (_, bytes, message) => {
    expect(await refusal(write("bad.tar", await bytes()))).toContain(message);
    expect(await refusal(write("bad.tar.gz", gzipSync(await bytes())))).toContain(message);
  });

  it("packed badly is refused", async () => {
    const packed = gzipSync(await tarOf(...[...pictures].map(([name, png]) => file(name, png))));
    expect(await refusal(write("bad.tar.gz", packed.subarray(0, -100)))).toContain("gzip file cut short");
    expect(await refusal(write("bad.tar.gz", one))).toContain("damaged gzip file (incorrect header check)");
    const flipped = packed.map((byte, i) => (i === packed.length - 6 ? byte ^ 1 : byte));
    expect(await refusal(write("bad.tar.gz", flipped))).toContain("damaged gzip file");
    expect(await refusal(join(root, "absent.tar.gz"))).toContain("no such file");
  });

  it("that unpacks to far too much is not read to its end", async () => {
    const bomb = gzipSync(await tarOf(file("a.bin", new Uint8Array(2 ** 27)), file("a.png", one)));
    expect(bomb.length).toBeLessThan(200_000);
    expect(await refusal(write("bomb.tar.gz", bomb))).toContain("unpacks to more than 200 times its size");
  });
});

describe("a zip archive", () => {
  const good = (): ZipFileEntry => ({ name: "a.png", content: one });
  it.each<[string, () => ZipFileEntry[], string]>([
    ["empty", () => [], "no pictures (.png, .jpg, .webp); the archive is empty"],
    [
      "with a path upwards",
      () => [{ ...good(), name: "x/../../a.png" }],
      '"x/../../a.png": a path outside of the archive',
    ],
    ["with a link", () => [{ ...good(), mode: 0o120777 }], '"a.png": a symlink, expected files and folders'],
    ["with a name twice", () => [good(), { ...good(), name: "./a.png" }], "present twice"],
    [
      "with a false checksum",
      () => [
        { ...good(), crc: 7 },
        { ...good(), name: "b.png" },
      ],
      "a.png: damaged (its checksum differs)",
    ],
    ["a bomb", () => [{ name: "a.png", content: new Uint8Array(2 ** 25) }], "times as many for a picture"],
  ])("that is %s is refused", async (_, entries, message) => {
    expect(await refusal(write("bad.zip", zipBytes(entries())))).toContain(message);
  });

  it("whose entries share their bytes is refused", async () => {
    const bytes = Buffer.from(
      zipBytes(["a.png", "b.png", "c.png"].map((name) => ({ name, content: one, stored: true }))),
    );
    // all three directory entries lead to the first file, and only that one is kept
    const local = 30 + 5 + one.length;
    const directory = bytes.subarray(3 * local, -22);
    for (let at = 0; at < directory.length; at += 51) directory.writeUInt32LE(0, at + 42);
    const end = bytes.subarray(-22);
    end.writeUInt32LE(local, 16);
    expect(
      await refusal(write("quine.zip", Buffer.concat([bytes.subarray(0, local), directory, end]))),
    ).toContain("shares its content with another entry");
  });
});
