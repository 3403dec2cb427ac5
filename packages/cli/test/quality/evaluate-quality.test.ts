import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { imageSet } from "../../src/data/image-set.js";
import { openJudge } from "../../src/quality/judge.js";
import { writeIdxFolder } from "../data/idx-files.js";
import { dense, writeOnnx } from "../onnx-files.js";
import { expectRefusal } from "../refusal.js";
import { runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
/** Images of 4 × 4: bright where the label says. */
const images = (count: number): Uint8Array =>
  Uint8Array.from({ length: 16 * count }, (_, i) =>
    (i % 16) % 10 === Math.floor(i / 16) % 10 ? 250 : (i * 7) % 20,
  );
const data = writeIdxFolder(join(root, "images"), { train: 256, test: 80, side: 4, images });

beforeAll(async () => {
  const network = join(root, "net.json");
  const layers = [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 8 }];
  writeFileSync(network, JSON.stringify({ inShape: [1, 4, 4], layers }));
  const flags = ["--network", network, "--steps", "10", "--batch", "32", "--pictures", "none", "--quiet"];
  await runCommand(["train", "--data", data, "--out", run, ...flags]);
});

type Verdict = { frechet: number; precision: number; recall: number; recognized: number };
type Document = {
  quality: {
    count: number;
    judges: { name: string; input: string; samples: Verdict; heldOut: Verdict }[];
    alike?: { samples: number; heldOut: number };
    nearest: { samples: number; heldOut: number };
    copies: number;
  };
};

describe("flowify evaluate --quality", () => {
  it("judges samples beside real images by a classifier that it trains on the labels", async () => {
    const { status, stdout } = await runCommand(["evaluate", run, "--quality", "--json"]);
    expect(status).toBe(0);
    const { quality } = JSON.parse(stdout) as Document;
    expect(quality.count).toBe(80);
    const [judge] = quality.judges;
    // 80 test images are too few for as many others: 40 and 40 are compared where --limit says so
    expect(judge!.heldOut).toBeUndefined();
    expect(judge!.samples.frechet).toBeGreaterThan(0);
    const halves = await runCommand(["evaluate", run, "--quality", "--limit", "40", "--json"]);
    const half = (JSON.parse(halves.stdout) as Document).quality;
    expect(half.count).toBe(40);
    // other real images look more real than samples of ten steps, and the classifier knows them
    expect(half.judges[0]!.heldOut.frechet).toBeLessThan(half.judges[0]!.samples.frechet);
    expect(half.judges[0]!.heldOut.recognized).toBeGreaterThan(0.95);
    expect(half.nearest.heldOut).toBeLessThan(half.nearest.samples);
    expect(JSON.parse(readFileSync(join(run, "quality.json"), "utf8")).judges).toEqual(half.judges);
    expect(existsSync(join(run, "nearest.png"))).toBe(true);
  });

  it("asks several classifiers of ONNX files, and says how they read pixels", async () => {
    const file = writeOnnx(root, "judge", dense);
    const args = ["evaluate", run, "--quality", "--limit", "40", "--judge", file, "--judge", file];
    const { stdout, status } = await runCommand(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^judge\.onnx \(pixels (0 to 255|\/ 255)\)$/m);
    expect(stdout).toMatch(/^same class by all, p > 0\.9 +[01]\.\d{3} +[01]\.\d{3}$/m);
    const raw = await runCommand([...args, "--normalize", "0.5:0.5"]);
    expect(raw.stdout).toContain("judge.onnx ((pixels / 255 - 0.5) / 0.5)");
  });

  it("stands in the report", async () => {
    expect(await runCommand(["report", run])).toMatchObject({ status: 0 });
    const page = readFileSync(join(run, "report.html"), "utf8");
    expect(page).toContain("Quality of 40 samples");
    expect(page).toContain("Fréchet distance");
  });

  it("refuses what it cannot judge", async () => {
    await expectRefusal(["evaluate", run, "--judge", "x.onnx"], 2, "--judge belongs to --quality");
    await expectRefusal(["evaluate", run, "--quality", "--judge", join(root, "no.onnx")], 2, "no.onnx");
    const plain = join(root, "plain.json");
    const layers = [{ kind: "flatten" }, { kind: "linear", out: 3 }];
    writeFileSync(plain, JSON.stringify({ inShape: [1, 4, 4], layers }));
    await expectRefusal(["evaluate", run, "--quality", "--judge", plain], 2, "expected an ONNX file");
    const large = imageSet({ name: "large", split: "test", images: new Uint8Array(64), shape: [1, 8, 8] });
    await expect(openJudge(writeOnnx(root, "judge", dense), large, undefined)).rejects.toThrow(
      "expects [1, 4, 4], the images are [1, 8, 8]",
    );
    for (const name of ["train", "t10k"]) rmSync(join(data, `${name}-labels-idx1-ubyte`));
    await expectRefusal(["evaluate", run, "--quality"], 2, "have no labels to train a classifier on");
  });
});
