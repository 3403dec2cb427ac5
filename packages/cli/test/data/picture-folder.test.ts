import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataError } from "@flowify/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../src/data/format.js";
import { describeImages, hashOf, type ImageSet } from "../../src/data/image-set.js";
import { loadDataSet, loadMeasured } from "../../src/data/registry.js";
import { temporaryFolder } from "../temporary-folder.js";
import { pixelsOf, pngBytes } from "./picture-files.js";

const root = temporaryFolder();
let made = 0;

function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = join(root, `pictures-${made++}`);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

const pngs = async (...names: string[]): Promise<Record<string, Uint8Array>> =>
  Object.fromEntries(await Promise.all(names.map(async (name, i) => [name, await pngBytes(i)] as const)));
const train = (name: string, reading?: Reading) => loadDataSet({ name, reading }, "train");
const test = (name: string, reading?: Reading) => loadDataSet({ name, reading }, "test");

async function refusal(name: string, reading?: Reading): Promise<string> {
  const error = await train(name, reading).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toContain(name);
  return (error as Error).message;
}

const others = (folder: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${folder}/${i}.png`);

/** The pixels of each picture, in the order of the names. */
const byName = ({ names = [], images, count }: ImageSet): Buffer[] =>
  names
    .map((name, i) => ({ name, i }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ i }) =>
      Buffer.from(images.slice((i * images.length) / count, ((i + 1) * images.length) / count)),
    );

const joined = (...indices: number[]): Buffer => Buffer.concat(indices.map((i) => pixelsOf(i, 8, 6, 1)));

describe("a folder of pictures", () => {
  it("is read by name, folders and all, whatever the order on the disk", async () => {
    const files = { ...(await pngs("train/b/1.png", "train/a.png", "train/B.png", "test/x.png")) };
    const folder = folderOf({
      ...files,
      "train/.hidden.png": new Uint8Array(3),
      "train/notes.txt": new Uint8Array(3),
      "__MACOSX/._a.png": new Uint8Array(3),
    });
    const set = await train(folder);
    expect(set).toMatchObject({ count: 3, shape: [1, 8, 6], split: "train" });
    expect(byName(set)).toEqual([joined(2), joined(1), joined(0)]);
    expect((await test(folder)).hash).toBe(hashOf(joined(3)));
  });

  it("is mixed for training, the same each time, so that held-out pictures are like the others", async () => {
    const folder = folderOf(await pngs(...others("", 40).map((name) => name.slice(1))));
    const { names = [] } = await train(folder);
    const held = names.slice(-8).map((name) => Number.parseInt(name));
    expect(Math.min(...held)).toBeLessThan(15);
    expect((await train(folder)).names).toEqual(names);
    const { names: measured = [] } = await test(folder);
    expect(measured).toEqual(measured.toSorted());
  });

  it("has the subfolders as classes, those of splits aside", async () => {
    const drawn = folderOf(
      await pngs("cat/1.png", "cat/2.png", "dog/1.png", "dog/young/2.png", ...others("ant", 8)),
    );
    expect(await loadMeasured({ name: drawn })).toMatchObject({
      classes: ["ant", "cat", "dog"],
      labels: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2),
    });
    const own = folderOf(await pngs("train/cat/1.png", "train/dog/1.png", "test/dog/2.png"));
    const { classes = [], labels = [], names = [] } = await train(own);
    expect(classes).toEqual(["cat", "dog"]);
    expect(Object.fromEntries(names.map((name, i) => [name, labels[i]]))).toEqual({
      "train/cat/1.png": 0,
      "train/dog/1.png": 1,
    });
    expect(await test(own)).toMatchObject({ classes: ["cat", "dog"], labels: Uint8Array.of(1) });
    for (const unlabelled of [
      await pngs("cat/1.png", "dog/1.png", "2.png"),
      await pngs("cat/1.png", "cat/2.png"),
      await pngs("train/1.png", "test/1.png"),
    ])
      expect(await train(folderOf(unlabelled))).not.toHaveProperty("labels");
  });

  it("mixes the training images of classes, the same way each time", async () => {
    const folder = folderOf(await pngs(...others("cat", 20), ...others("dog", 20)));
    const { labels = [], names = [], count } = await train(folder);
    expect(names.every((name, i) => name.startsWith(labels[i] === 0 ? "cat" : "dog"))).toBe(true);
    expect(new Set(labels.slice(0, 8)).size + new Set(labels.slice(-8)).size).toBe(4);
    expect(new Set(names).size).toBe(count);
    expect((await train(folder)).names).toEqual(names);
  });

  it("has known classes by the names of folders, in their order, wherever they lie", async () => {
    const reading = { classes: ["dog", "cat"] };
    const folder = folderOf(await pngs("new/dog/1.png", "new/dog/2.png", "new/dog/3.png"));
    expect(await train(folder, reading)).toMatchObject({
      classes: reading.classes,
      labels: Uint8Array.of(0, 0),
    });
    const inside = await train(join(folder, "new", "dog"), { classes: ["ant", "dog"] });
    expect(inside.labels).toEqual(Uint8Array.of(1, 1));
    expect(await train(folder, { classes: ["ant", "bee"] })).not.toHaveProperty("labels");
  });

  it("takes val for test where there is no test", async () => {
    const folder = folderOf(await pngs("train/0.png", "val/1.png", "valid/2.png"));
    expect((await test(folder)).hash).toBe(hashOf(joined(1)));
  });

  it("without splits has a tenth drawn for the test, the same ones each time", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `${String(i).padStart(2, "0")}.png`);
    const folder = folderOf(await pngs(...names));
    const [a, b] = [await train(folder), await test(folder)];
    expect([a.count, b.count, a.drawnFrom]).toEqual([18, 2, 20]);
    expect((await test(folder)).hash).toBe(b.hash);
  });

  it("follows links, and not for ever", async () => {
    const folder = folderOf(await pngs("a.png", "b.png", "c/d.png"));
    symlinkSync(folder, join(folder, "c", "again"));
    symlinkSync(join(folder, "a.png"), join(folder, "link.png"));
    symlinkSync(join(folder, "nowhere"), join(folder, "dangling.png"));
    expect((await train(folder)).drawnFrom).toBe(4);
  });

  it("keeps colour as planes, and makes grey of it or colour of grey where asked", async () => {
    const folder = folderOf({
      "a.png": await pngBytes(0, 2, 2, 3),
      "b.png": await pngBytes(1, 2, 2, 3),
      "c.png": await pngBytes(2, 2, 2, 1),
    });
    const set = await train(folder);
    expect(set.shape).toEqual([3, 2, 2]);
    expect((await train(folder, { grey: true })).shape).toEqual([1, 2, 2]);
    const grey = folderOf({ "a.png": await pngBytes(0, 2, 2), "b.png": await pngBytes(1, 2, 2, 3) });
    expect(await refusal(grey)).toMatch(
      /b\.png: in colour, a\.png is grey\nconvert all to one kind first, or use --grey, or --no-grey/,
    );
    expect((await train(grey, { grey: false })).shape).toEqual([3, 2, 2]);
  });

  it("keeps the pixels of every lossless kind of file", async () => {
    const raw = { raw: { height: 8, width: 6, channels: 3 } } as const;
    const image = (i: number) => sharp(pixelsOf(i, 8, 6, 3), raw);
    const folder = folderOf({
      "train/a.webp": await image(0).webp({ lossless: true }).toBuffer(),
      "train/b.tiff": await image(1).tiff({ compression: "lzw" }).toBuffer(),
      "train/c.PNG": await image(2).png().toBuffer(),
      "test/d.JPG": await image(3).jpeg().toBuffer(),
    });
    const planes = (i: number): number[] =>
      [0, 1, 2].flatMap((c) => [...pixelsOf(i, 8, 6, 3)].filter((_, at) => at % 3 === c));
    expect(byName(await train(folder))).toEqual([0, 1, 2].map((i) => Buffer.from(planes(i))));
    expect((await test(folder)).count).toBe(1);
  });

  it("drops alpha, keeps the upper byte of 16 bits, and turns photographs as their EXIF says", async () => {
    const folder = folderOf({
      "train/alpha.png": await sharp(pixelsOf(0, 2, 3, 3), { raw: { height: 2, width: 3, channels: 3 } })
        .ensureAlpha(0.5)
        .png()
        .toBuffer(),
      "train/deep.png": await sharp(pixelsOf(1, 2, 3, 3), { raw: { height: 2, width: 3, channels: 3 } })
        .toColourspace("rgb16")
        .png()
        .toBuffer(),
      "test/turned.jpg": await sharp(pixelsOf(2, 3, 2, 3), { raw: { height: 3, width: 2, channels: 3 } })
        .jpeg()
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    });
    const set = await train(folder);
    expect(set.shape).toEqual([3, 2, 3]);
    expect([set.images[0], set.images[18]]).toEqual([0, 61]);
    expect((await test(folder)).shape).toEqual([3, 2, 3]);
  });
});

describe("pictures of several sizes", () => {
  const two = async () =>
    folderOf({
      "train/a.png": await pngBytes(0, 8, 6),
      "train/b.png": await pngBytes(1, 16, 4),
      "test/c.png": await pngBytes(2, 4, 4),
    });

  it("are refused, with both sizes", async () => {
    expect(await refusal(await two())).toMatch(
      /train\/a\.png: 8x6 pixels, test\/c\.png has 4x4\nresize all to one size first, or with --size 4x4/,
    );
  });

  it("are brought to one", async () => {
    const folder = await two();
    const sets = await Promise.all(
      (["crop", "fit", "stretch"] as const).map((resize) => train(folder, { size: [4, 4], resize })),
    );
    expect(sets.map(({ shape, count }) => [...shape, count])).toEqual([
      [1, 4, 4, 2],
      [1, 4, 4, 2],
      [1, 4, 4, 2],
    ]);
    expect(new Set(sets.map(({ hash }) => hash)).size).toBe(3);
    expect(sets[0]!.hash).toBe((await train(folder, { size: [4, 4] })).hash);
    // fit leaves black at both sides of the high picture, crop none of it
    const column = (images: Uint8Array, x: number): number[] =>
      [0, 1, 2, 3].map((y) => images[16 + 4 * y + x]!);
    expect(column(sets[1]!.images, 0)).toEqual([0, 0, 0, 0]);
    expect(column(sets[0]!.images, 0)).not.toEqual([0, 0, 0, 0]);
  });
});

describe("damaged pictures", () => {
  const torn = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - 20);

  it.each<[string, (png: Uint8Array) => Uint8Array]>([
    ["cut short", torn],
    ["empty", () => new Uint8Array()],
    ["of another kind", () => Buffer.from("<!DOCTYPE html>")],
    ["with a flipped byte", (png) => png.map((byte, i) => (i === png.length - 30 ? byte ^ 255 : byte))],
  ])("%s are named", async (_, damage) => {
    const files = await pngs("train/a.png", "train/b.png", "test/c.png");
    const folder = folderOf({ ...files, "train/b.png": damage(files["train/b.png"]!) });
    expect(await refusal(folder)).toMatch(
      /train\/b\.png: cannot be read as a picture \(.*\)\n.* skip damaged pictures with --skip-corrupt/,
    );
    const set = await train(folder, { skipCorrupt: true });
    expect(set).toMatchObject({ count: 1, skipped: ["train/b.png"], hash: hashOf(joined(0)) });
    expect(describeImages(set)).toMatch(
      /^1 train images of .* \(1 damaged picture left out: train\/b\.png\)$/,
    );
  });

  it("may be the first, and not all", async () => {
    const files = await pngs("train/a.png", "train/b.png", "train/c.png", "test/d.png");
    const first = folderOf({ ...files, "train/a.png": torn(files["train/a.png"]!) });
    expect((await train(first, { skipCorrupt: true })).hash).toBe(hashOf(joined(1, 2)));
    const all = folderOf({ "a.png": new Uint8Array(), "b.png": new Uint8Array() });
    expect(await refusal(all, { skipCorrupt: true })).toContain("every picture is damaged");
  });

  it("are those that unpack to too many pixels", async () => {
    const black = (side: number): Promise<Uint8Array> =>
      sharp({ create: { width: side, height: side, channels: 3, background: "black" } })
        .png()
        .toBuffer();
    const bomb = await black(16_000);
    expect(bomb.length).toBeLessThan(2_000_000);
    expect(await refusal(folderOf({ "a.png": bomb, "b.png": await black(4) }))).toMatch(
      /a\.png: cannot be read as a picture \(Input image exceeds pixel limit/,
    );
  });
});

it("a folder without images says what was looked for", async () => {
  expect(await refusal(folderOf({ "notes.txt": new Uint8Array(1) }))).toMatch(
    /no data found, expected pictures \(.*\), idx files .* the folder holds notes\.txt/,
  );
});
