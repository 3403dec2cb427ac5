import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { type CommandResult, runCommand } from "./run-command.js";
import { lastCheckpoint, metricsOf, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root, "convolution");
const run = join(root, "run");
const STEPS = 6;
const what = ["--data", data, "--network", network, "--batch", "64", "--seed", "3"];
const training = [...what, "--steps", String(STEPS), "--checkpoint-every", "2"];

let trained: CommandResult;

beforeAll(async () => {
  trained = await runCommand(["train", ...training, "--out", run]);
});

describe("flowify train", () => {
  it("says what it measured, on which images, and where the pictures are", () => {
    expect(trained).toMatchObject({ status: 0 });
    expect(trained.stdout).toMatch(/^\d+\.\d{3} ± \d\.\d{3} bits per dimension on 40 test images of images/);
    expect(trained.stdout).toMatch(/^linear\[\d+\] +[+-]\d+\.\d{3} +exact/m);
    expect(trained.stdout).toMatch(/^dequantize\[0\] +\+8\.000 +bound/m);
    expect(trained.stdout).toMatch(
      /^to compare: a histogram of each pixel has \d\.\d{3} bits per dimension$/m,
    );
    expect(trained.stdout).toContain("trained on 256 train images of images\n");
    expect(trained.stdout).toContain(`pictures: ${join(run, "samples.png")}`);
    expect(trained.stderr).toContain("small on 256 train images of images: 6 steps of 64, seed 3");
  });

  it("shows loss and bits per dimension that belong together", () => {
    const [, loss, bpd] = /loss (\d+\.\d) {2}bpd (\d+\.\d+)/.exec(trained.stderr) ?? [];
    expect(Number(loss) / (64 * Math.LN2)).toBeCloseTo(Number(bpd), 2);
  });

  it("fills the folder of the run, and leaves neither lock nor temporary file", async () => {
    expect(readdirSync(run).sort()).toEqual([
      "checkpoints",
      "config.json",
      "curve.png",
      "ledger.png",
      "metrics.jsonl",
      "pictures",
      "reconstructions.png",
      "samples-mean.png",
      "samples.png",
    ]);
    expect(readdirSync(join(run, "checkpoints")).length).toBe(2 * 2); // the last two, not that of the start
    expect(metricsOf(run).map(({ step }) => step)).toEqual([1, 2, 3, 4, 4, 5, 6, 6]);
    const { width, height } = await sharp(join(run, "samples.png")).metadata();
    expect([width, height]).toEqual([15 * 59 - 3 + 32, 10 * 59 - 3 + 82]);
  });

  it("computes in Wasm what it computes in ONNX Runtime, and the document says all", async () => {
    const wasm = join(root, "wasm");
    const args = [...what, "--steps", "2", "--device", "wasm", "--json", "--pictures", "none"];
    const result = await runCommand(["train", ...args, "--out", wasm]);
    expect(JSON.parse(result.stdout)).toMatchObject({
      run: wasm,
      step: 2,
      steps: 2,
      finished: true,
      split: "test",
      examples: 40,
      train: { dataset: "images", split: "train", examples: 256 },
      pictures: [],
    });
    expect(result.stderr).toContain("bits per dimension on 40 test images");
    const [first, native] = [wasm, run].map((folder) => Number(metricsOf(folder)[0]?.loss));
    expect(first! / native!).toBeCloseTo(1, 4);
  });

  it("writes the same checkpoint with pictures and measurements as without", async () => {
    const bare = join(root, "bare");
    const args = ["--pictures", "none", "--evaluate-every", "100"];
    expect(await runCommand(["train", ...training, ...args, "--out", bare])).toMatchObject({ status: 0 });
    const steps = (folder: string) => metricsOf(folder).filter(({ split }) => split === undefined);
    expect(steps(bare)).toEqual(steps(run));
    expect(metricsOf(bare).filter(({ split }) => split === "test")).toHaveLength(1);
    expect(readdirSync(bare).filter((name) => name.endsWith(".png") || name === "pictures")).toEqual([]);
    expect(lastCheckpoint(bare, STEPS).equals(lastCheckpoint(run, STEPS))).toBe(true);
  });
});

describe("the commands that read a run", () => {
  it("evaluate: one document, whose ledger sums to the total", async () => {
    const { status, stdout, stderr } = await runCommand(["evaluate", run, "--json", "--samples", "2"]);
    expect({ status, lines: stdout.trimEnd().split("\n").length }).toEqual({ status: 0, lines: 1 });
    expect(stderr).toContain("bits per dimension on 40 test images");
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      samples: 2,
      examples: 40,
      dataset: "images",
      split: "test",
      dequantization: { layer: "dequantize[0]", levels: 256 },
      dimensions: 64,
      exact: false,
    });
    expect(document.bpd).toBeCloseTo(-document.nats / (64 * Math.LN2), 9);
    const sum = (document.ledger as { bpd: number }[]).reduce((total, { bpd }) => total + bpd, 0);
    expect(sum).toBeCloseTo(document.bpd, 9);
  });

  it("evaluate: says what its number means", async () => {
    const { stdout } = await runCommand(["evaluate", run]);
    const after = stdout.slice(stdout.indexOf("dequantization"));
    expect(after).toMatch(/^dequantization {2}dequantize\[0\], 256 levels: \+8\.000 bits per dimension$/m);
    expect(after).toMatch(/^dimensions {6}n = 64 numbers per image$/m);
    expect(after).toMatch(/^bits {12}-log p \/ \(n ln 2\), with a mean log p of -\d+\.\d{3} nats$/m);
    expect(after).toMatch(/^likelihood {6}an upper bound in expectation, one sample per image$/m);
    expect(after).toMatch(/^over images {5}± 0\.\d{6}, 40 images$/m);
    expect(after).toMatch(/^over samples {4}needs --samples 2 or more$/m);
  });

  it("evaluate: tells how much other draws would change the number", async () => {
    const evaluated = async (seed: string) => {
      const flags = ["--json", "--samples", "8", "--seed", seed];
      return JSON.parse((await runCommand(["evaluate", run, ...flags])).stdout);
    };
    const [first, second] = [await evaluated("1"), await evaluated("2")];
    expect(first.stdErrOfSamples).toBeGreaterThan(0);
    expect(Math.abs(first.bpd - second.bpd)).toBeLessThan(
      4 * Math.hypot(first.stdErrOfSamples, second.stdErrOfSamples),
    );
  });

  it("sample: a picture of as many images as asked for", async () => {
    const out = join(root, "few.png");
    const args = [
      "--count",
      "6",
      "--columns",
      "3",
      "--temperature",
      "0.5",
      "--mode",
      "deterministic",
      "--out",
      out,
    ];
    expect((await runCommand(["sample", run, ...args])).stdout).toBe(`6 samples, temperature 0.5: ${out}\n`);
    expect((await sharp(out).metadata()).height).toBeGreaterThan(2 * 56);
  });

  it("sample: pictures have the temperature of the training's, 1 is asked for", async () => {
    const drawn = async (...flags: string[]): Promise<Uint8Array> => {
      const out = join(root, `warm-${flags.length}.png`);
      await runCommand(["sample", run, "--count", "2", "--out", out, ...flags]);
      return sharp(out).extract({ left: 0, top: 60, width: 56, height: 40 }).raw().toBuffer();
    };
    const [usual, warm] = [await drawn(), await drawn("--temperature", "1", "--quiet")];
    expect(usual).toEqual(await drawn("--temperature", "0.7"));
    expect(usual).not.toEqual(warm);
  });

  it("reconstruct: originals, means and draws", async () => {
    const out = join(root, "kept.png");
    const args = ["--count", "4", "--split", "train", "--out", out];
    const { stdout } = await runCommand(["reconstruct", run, ...args]);
    expect(stdout).toBe(`4 train images and their reconstructions: ${out}\n`);
    expect((await sharp(out).metadata()).format).toBe("png");
  });

  it("score: a line an image of the run's data, or of files; the mean is what evaluate says", async () => {
    const own = await runCommand(["score", run, "--ledger"]);
    const [head = "", ...rows] = own.stdout.trimEnd().split("\n");
    expect(head).toMatch(/^image,log_prob,bpd,dequantize\[0\],.*,standardNormal$/);
    expect(rows).toHaveLength(40);
    const numbers = rows.map((row) => row.split(",").slice(1).map(Number));
    for (const [logProb = 0, , ...ledger] of numbers)
      expect(ledger.reduce((a, b) => a + b, 0)).toBeCloseTo(logProb, 3);
    const { bpd } = JSON.parse((await runCommand(["evaluate", run, "--json"])).stdout) as { bpd: number };
    expect(numbers.reduce((sum, [, own = 0]) => sum + own, 0) / 40).toBeCloseTo(bpd, 5);

    const picture = join(root, "one.png");
    await sharp(Buffer.alloc(64, 90), { raw: { width: 8, height: 8, channels: 1 } })
      .png()
      .toFile(picture);
    const idx = join(data, "t10k-images-idx3-ubyte");
    const args = ["score", run, picture, idx, "--samples", "3", "--limit", "4", "--format", "jsonl"];
    const lines = (await runCommand(args)).stdout.trimEnd().split("\n");
    const scored = lines.map((line) => JSON.parse(line) as { [column: string]: number | string });
    expect(scored.map(({ image }) => image)).toEqual([picture, `${idx}#0`, `${idx}#1`, `${idx}#2`]);
    expect(Object.keys(scored[0] ?? {})).toEqual(["image", "log_prob", "bpd", "std_err"]);
  });

  it("score: names the file that is no image, or of another size", async () => {
    const small = join(root, "small.png");
    await sharp(Buffer.alloc(12), { raw: { width: 4, height: 3, channels: 1 } })
      .png()
      .toFile(small);
    const torn = join(root, "torn.png");
    writeFileSync(torn, readFileSync(small).subarray(0, 40));
    const notes = join(root, "notes.txt");
    writeFileSync(notes, "none");
    for (const [file, what] of [
      [small, "3 × 4 pixels, the network expects 8 × 8\n  hint: resize it first, or with --size 8x8"],
      [torn, "cannot be read as a picture"],
      [notes, "a file of an unknown kind"],
      [join(root, "absent.png"), "no such file"],
    ] as const) {
      const { status, stdout, stderr } = await runCommand(["score", run, file]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain(`${file}: ${what}`);
    }
  });

  it("inspect: the layers of a run", async () => {
    const { stdout } = await runCommand(["inspect", run]);
    expect(stdout).toMatch(/^small after 6 steps: 1×8×8 → 6, [\d,]+ parameters/);
    expect(stdout).toMatch(/^linear\[4\] +48 +6 +[\d,]+ +exact$/m);
  });

  it("evaluate: uses an older checkpoint where the newest is damaged, and says so", async () => {
    const copy = join(root, "copy");
    cpSync(run, copy, { recursive: true });
    const newest = join(copy, "checkpoints", `step-00000000${STEPS}.safetensors`);
    truncateSync(newest, 1000);
    const { status, stderr } = await runCommand(["inspect", copy]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/cut short: 1000 bytes, expected \d+; using the checkpoint of step \d/);
    expect(stderr).toContain(`warning: ${newest}: cut short`);
  });

  it("works without the files of the data set, where it draws from the model alone", async () => {
    const out = join(root, "elsewhere.png");
    const copy = join(root, "moved");
    cpSync(run, copy, { recursive: true });
    const config = readFileSync(join(copy, "config.json"), "utf8");
    expect(JSON.parse(config).description.inShape).toEqual([1, 8, 8]);
    expect((await runCommand(["sample", copy, "--count", "2", "--out", out])).status).toBe(0);
  });
});
