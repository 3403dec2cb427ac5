import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { npyBytes, ramp } from "./data/npy-files.js";
import { pngBytes } from "./data/picture-files.js";
import { zipBytes } from "./data/zip-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
const COUNT = 20;
const other = (name: string): string => join(root, name);
/** Names of the rows that `score` writes, and what it says about them. */
async function scored(...args: string[]): Promise<{ names: string[]; said: string }> {
  const { status, stdout, stderr } = await runCommand(["score", run, ...args]);
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  const [, ...rows] = stdout.trimEnd().split("\n");
  return { names: rows.map((row) => row.split(",")[0] ?? ""), said: stderr };
}

beforeAll(async () => {
  mkdirSync(other("pictures"));
  mkdirSync(other("split/train"), { recursive: true });
  mkdirSync(other("split/test"), { recursive: true });
  const pictures = await Promise.all(Array.from({ length: COUNT }, (_, i) => pngBytes(i)));
  pictures.forEach((bytes, i) => {
    writeFileSync(other(`pictures/${i}.png`), bytes);
    writeFileSync(other(`split/${i < 17 ? "train" : "test"}/${i}.png`), bytes);
  });
  writeFileSync(other("new.npy"), npyBytes([COUNT, 8, 6], ramp(COUNT * 48)));
  writeFileSync(
    other("train-only.npz"),
    zipBytes([{ name: "x_train.npy", content: npyBytes([3, 8, 6], ramp(144)) }]),
  );
  writeFileSync(other("new.zip"), zipBytes(pictures.map((content, i) => ({ name: `${i}.png`, content }))));
  writeFileSync(other("small.npy"), npyBytes([4, 5, 5], ramp(100)));
  await sharp(Buffer.alloc(3 * 16 * 12, 80), { raw: { width: 12, height: 16, channels: 3 } })
    .png()
    .toFile(other("large.png"));
  const network = other("net.json");
  const layers = [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 3 }];
  writeFileSync(network, JSON.stringify({ inShape: [1, 8, 6], layers }));
  const args = ["--data", other("pictures"), "--network", network, "--steps", "1", "--batch", "4"];
  const { status, stderr } = await runCommand(["train", ...args, "--pictures", "none", "--out", run]);
  if (status !== 0) throw new Error(stderr);
});

describe("score takes whatever training takes, all of it, and says what it was", () => {
  const numbered = (file: string, count = COUNT): string[] =>
    Array.from({ length: count }, (_, i) => `${file}#${i}`);

  it("an array, a folder, archives, by their place or by --data", async () => {
    const array = await scored(other("new.npy"));
    expect(array.names).toEqual(numbered(other("new.npy")));
    expect(array.said).toContain(`bits per dimension on 20 images: ${other("new.npy")} (20 images)`);
    const data = await scored("--data", other("new.npy"));
    expect(data.names).toHaveLength(COUNT);
    expect(data.said).toContain("on 20 images: 20 images of new");
    const folder = await scored(other("pictures"));
    expect(folder.names).toHaveLength(COUNT);
    expect(folder.names).toContain(`${other("pictures")}/19.png`);
    expect((await scored(other("new.zip"), "--limit", "5")).names).toHaveLength(5);
  });

  it("of data in splits those of the test, or the only one, or the one that is asked for", async () => {
    const { names, said } = await scored(other("split"));
    expect(names).toEqual(["17", "18", "19"].map((name) => `${other("split")}/test/${name}.png`));
    expect(said).toContain(`${other("split")} (3 test images)`);
    expect((await scored(other("train-only.npz"))).said).toContain("(3 train images)");
    expect((await scored("--data", other("split"), "--split", "train")).names).toHaveLength(17);
    expect((await scored("--data", other("new.npy"), "--split", "test")).names).toHaveLength(2);
    expect((await scored()).names).toHaveLength(2); // the test images of the run's own data
  });

  it("a picture of another size, where it is asked for", async () => {
    expect((await scored(other("large.png"), "--size", "8x6")).names).toEqual([other("large.png")]);
    await expectRefusal(
      ["score", run, other("large.png")],
      2,
      "16 × 12 pixels, the network expects 8 × 6",
      "with --size 8x6",
    );
    await expectRefusal(
      ["score", run, other("small.npy")],
      2,
      "takes images [1, 8, 6], the data set small has images [1, 5, 5]",
      "choose other data, or convert its pictures with --size 8x6 --grey",
    );
    await expectRefusal(["score", run, "nothing-here"], 2, "nothing-here: no such file or folder");
    writeFileSync(other("notes.txt"), "none");
    await expectRefusal(["score", run, other("notes.txt")], 2, "a file of an unknown kind");
  });
});

it("evaluate, ood and explain take all of other data as well", async () => {
  const json = async (...args: string[]) => {
    const { status, stdout, stderr } = await runCommand([...args, "--json"]);
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(stdout);
  };
  expect(await json("evaluate", run, "--data", other("new.npy"))).toMatchObject({
    examples: COUNT,
    split: "all",
  });
  const { others } = await json("ood", run, other("new.npy"), "--out", other("ood.png"));
  expect(others[0]).toMatchObject({ dataset: "new", examples: COUNT });
  const large = other("large.png");
  expect(await json("explain", run, large, "--data", other("new.npy"), "--size", "8x6")).toMatchObject({
    images: COUNT,
  });
  expect(await json("explain", run, large, "--size", "8x6")).toMatchObject({ images: 2 });
});
