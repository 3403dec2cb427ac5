import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { unpackImages } from "../src/compressed/compressed-file.js";
import { readImageFile } from "../src/data/image-files.js";
import { writeIdxFolder } from "./data/idx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const [run, other] = [join(root, "run"), join(root, "other")];
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
    { kind: "variationalDequantize" },
    { kind: "marginal", bins: 8 },
    { kind: "conv2d", out: 3, kernel: 3, stride: 2 },
    { kind: "rqSpline" },
    { kind: "coupling", stack: 2 },
    { kind: "flatten" },
    { kind: "linear", out: 6 },
  ];
  writeFileSync(network, JSON.stringify({ inShape: [1, 8, 8], layers }));
  for (const [out, seed] of [
    [run, "1"],
    [other, "2"],
  ] as const) {
    const what = ["--data", data, "--network", network, "--seed", seed, "--steps", "20", "--batch", "32"];
    await runCommand(["train", ...what, "--out", out, "--pictures", "none", "--quiet"]);
  }
});

describe("flowify compress and decompress", () => {
  it("bring every image back bit for bit, at the size that evaluate prints", async () => {
    const packed = await runCommand(["compress", "--run", run, "--out", file, "--json"]);
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
    await expectRefusal(["decompress", file, "--run", other], 1, "made with other weights");
    await expectRefusal(["compress", join(root, "network.json"), "--run", run], 2, "not a picture");
  });
});
