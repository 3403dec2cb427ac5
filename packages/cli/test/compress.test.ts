import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packImages, unpackImages } from "../src/compressed/compressed-file.js";
import { expectSize } from "../src/compressed/decode-images.js";
import { readImageFile } from "../src/data/image-files.js";
import { writeIdxFolder } from "./data/idx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
const network = join(root, "network.json");
const file = join(root, "images.flow");
const IMAGES = 120;
/** Slopes of grey with some noise: the first 20 of the test images are as regular as the others. */
const data = writeIdxFolder(join(root, "images"), {
  train: 256,
  test: IMAGES,
  side: 8,
  images: (count) =>
    Uint8Array.from({ length: count * 64 }, (_, at) => {
      const [image, place] = [Math.floor(at / 64), at % 64];
      const noise = Math.imul(at + 1, 0x9e3779b1) >>> 28;
      return 8 * (place % 8) + 4 * (image % 16) + noise;
    }),
});
const testImages = join(data, "t10k-images-idx3-ubyte");

beforeAll(async () => {
  const layers = [
    { kind: "variationalDequantize", hidden: 4 },
    { kind: "marginal", bins: 8 },
    { kind: "squeeze" },
    { kind: "coupling", stack: 2, hidden: 4 },
    { kind: "rqSpline" },
    { kind: "flatten" },
    { kind: "linear", out: 6 },
  ];
  writeFileSync(network, JSON.stringify({ inShape: [1, 8, 8], layers }));
  const what = ["--data", data, "--network", network, "--seed", "1", "--steps", "4", "--batch", "32"];
  await runCommand(["train", ...what, "--out", run, "--pictures", "none", "--quiet"]);
});

describe("flowify compress and decompress", () => {
  it("bring every image back bit for bit, at the size that evaluate prints", async () => {
    const args = ["compress", "--run", run, "--limit", "9999", "--out", file, "--json"];
    const packed = await runCommand(args);
    expect(packed.stderr).toContain(`compressing ${IMAGES} test images`);
    expect(packed.status).toBe(0);
    const { bytes, plain } = JSON.parse(packed.stdout) as {
      bytes: number;
      plain: { images: number; bytes: number };
    };
    expect(bytes).toBe(readFileSync(file).length);
    const evaluated = await runCommand(["evaluate", run, "--json", "--samples", "1"]);
    const { bpd } = JSON.parse(evaluated.stdout) as { bpd: number };
    const coded = IMAGES - plain.images;
    expect(coded).toBeGreaterThan(IMAGES / 2 - 1);
    // without the header and the images that provide the first noise
    const { words, prefix } = unpackImages(file, readFileSync(file)).bits;
    const ratio = (8 * (2 * (words.length - prefix) - plain.bytes)) / (coded * 64) / bpd;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.03);

    const folder = join(root, "back");
    expect((await runCommand(["decompress", file, "--run", run, "--out", folder])).status).toBe(0);
    const given = await readImageFile(testImages, [1, 8, 8]);
    for (let i = 0; i < IMAGES; i++) {
      const name = join(folder, `${String(i).padStart(3, "0")}.png`);
      const { images } = await readImageFile(name, [1, 8, 8]);
      expect(images).toEqual(given.images.slice(i * 64, (i + 1) * 64));
    }
  });

  it("keep the names of pictures", async () => {
    const pictures = [5, 3].map((i) => join(root, "back", `00${i}.png`));
    const flow = join(root, "two.flow");
    expect((await runCommand(["compress", ...pictures, "--run", run, "--out", flow])).status).toBe(0);
    const folder = join(root, "two");
    const back = await runCommand(["decompress", flow, "--run", run, "--out", folder, "--json"]);
    expect((JSON.parse(back.stdout) as { files: string[] }).files).toEqual(["005.png", "003.png"]);
    expect(readFileSync(join(folder, "003.png"))).toEqual(readFileSync(pictures[1]!));
  });

  it("take a folder of pictures, in the order of their names", async () => {
    const [pictures, flow] = [join(root, "two"), join(root, "folder.flow")];
    const { stdout } = await runCommand(["compress", pictures, "--run", run, "--out", flow, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ images: 2 });
    const back = await runCommand(["decompress", flow, "--run", run, "--out", join(root, "again"), "--json"]);
    expect((JSON.parse(back.stdout) as { files: string[] }).files).toEqual(["003.png", "005.png"]);
    const empty = join(root, "no-pictures");
    mkdirSync(empty);
    await expectRefusal(["compress", empty, "--run", run], 2, "a folder without pictures");
  });

  it("leave the pictures alone that a file was made of, and other files", async () => {
    const scans = join(root, "scans");
    mkdirSync(scans);
    const original = readFileSync(join(root, "back", "005.png"));
    writeFileSync(join(scans, "005.png"), original);
    const flow = join(root, "scans.flow");
    await expectRefusal(
      ["compress", scans, "--run", run, "--out", join(scans, "005.png"), "--force"],
      2,
      "this file is read as well",
    );
    expect((await runCommand(["compress", scans, "--run", run, "--out", flow])).status).toBe(0);
    const before = process.cwd();
    process.chdir(root);
    try {
      await expectRefusal(["decompress", flow, "--run", run], 2, "005.png: exists already", "--out");
    } finally {
      process.chdir(before);
    }
    expect(readFileSync(join(scans, "005.png"))).toEqual(original);
    const there = ["decompress", flow, "--run", run, "--out", scans];
    await expectRefusal(there, 2, "005.png: exists already", "--force");
    expect((await runCommand([...there, "--force"])).status).toBe(0);
  });

  it("name the engine that coded a file where this one finds other numbers", async () => {
    const stored = unpackImages(file, readFileSync(file));
    const words = stored.bits.words.map((word, i) => (i % 7 === 3 ? word ^ 0x1234 : word));
    const write = (about: typeof stored.about): string => {
      const path = join(root, "elsewhere.flow");
      writeFileSync(path, packImages({ ...stored, about, bits: { ...stored.bits, words } }));
      return path;
    };
    const args = (path: string): string[] => [
      "decompress",
      path,
      "--run",
      run,
      "--out",
      join(root, "elsewhere"),
    ];
    const coder = "flowify 9.9.9, jax-js 0.0.1, node v99, plan9 mips";
    await expectRefusal(args(write({ ...stored.about, coder })), 1, `coded by ${coder}; this is flowify`);
    await expectRefusal(args(write(stored.about)), 2, "elsewhere.flow: compressed data: ");
  });

  it("refuse a header that asks for more than there is", async () => {
    const stored = unpackImages(file, readFileSync(file));
    const refused = async (changes: Partial<typeof stored>, message: string): Promise<void> => {
      const path = join(root, "large.flow");
      writeFileSync(path, packImages({ ...stored, ...changes }));
      await expectRefusal(["decompress", path, "--run", run, "--out", join(root, "large")], 2, message);
    };
    const { plain, about, examples } = stored;
    const { names: _, ...unnamed } = about;
    await refused({ examples: 2 ** 32 - 1, about: unnamed }, "its header is of no images");
    expect(() => expectSize("large.flow", { ...stored, examples: 2 ** 20 - plain.examples }, 3072)).toThrow(
      "large.flow: 1048576 images, more than one file holds",
    );
    await refused({ plain: { ...plain, examples: 2 ** 32 - 1 } }, "its header is of no images");
    await refused({ plain: { ...plain, bytes: 2 ** 32 - 1 } }, "the images at the bottom are damaged");
    const names = ["x".repeat(2 ** 26), ...new Array<string>(examples + plain.examples - 1).fill("a")];
    await refused({ about: { ...about, names } }, "its header is of no images");
    await refused({ about: { ...about, names: ["a"] } }, "its header is of no images");
    const few = { ...stored.bits, words: stored.bits.words.slice(-60) };
    await refused({ examples: 1000, about: unnamed, bits: few }, "compressed data: damaged");
  });

  it("refuse a file that is cut short, damaged, of another run or of another kind", async () => {
    const bytes = readFileSync(file);
    const changed = (name: string, content: Uint8Array): string[] => {
      const path = join(root, name);
      writeFileSync(path, content);
      return ["decompress", path, "--run", run, "--out", join(root, "nowhere")];
    };
    const flipped = Uint8Array.from(bytes, (byte, i) =>
      i === Math.floor(bytes.length / 2) ? byte ^ 1 : byte,
    );
    await expectRefusal(changed("cut.flow", bytes.subarray(0, bytes.length - 3)), 2, "cut.flow: cut short");
    await expectRefusal(changed("head.flow", bytes.subarray(0, 12)), 2, "head.flow: cut short");
    await expectRefusal(changed("flipped.flow", flipped), 2, "flipped.flow: damaged");
    await expectRefusal(changed("text.flow", Buffer.from("no images")), 2, "not a file of flowify compress");
    const stored = unpackImages(file, bytes);
    const weights = stored.weights.map((byte) => byte ^ 1);
    await expectRefusal(
      changed("other.flow", packImages({ ...stored, weights })),
      1,
      "made with other weights",
    );
    const earlier = changed("earlier.flow", bytes.with("flowify".length, 1));
    await expectRefusal(earlier, 2, "earlier.flow: of format 1, expected 2");
    await expectRefusal(["compress", join(root, "network.json"), "--run", run], 2, "not a picture");
  });
});
