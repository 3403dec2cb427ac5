import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { idxBytes, noise, writeIdxFolder } from "./data/idx-files.js";
import { dense, writeOnnx } from "./onnx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const data = writeIdxFolder(join(root, "images"), { train: 64, test: 20, side: 4, images: noise });
const converted = join(root, "converted");

beforeAll(async () => {
  const file = writeOnnx(root, "net", dense);
  await runCommand(["convert", file, "--out", converted, "--grain", "layer"]);
});

const train = (out: string, ...flags: string[]) =>
  runCommand([
    "train",
    "--from",
    converted,
    "--data",
    data,
    "--out",
    join(root, out),
    "--steps",
    "6",
    "--batch",
    "16",
    "--pictures",
    "none",
    "--json",
    ...flags,
  ]);

describe("flowify train --from", () => {
  it("trains the inverses of a converted network, whose function stays bit for bit", async () => {
    const { status, stdout } = await train("frozen", "--normalize", "0.5:0.25");
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.unchanged).toBe(true);
    expect(result.ledger.map(({ layer }: { layer: string }) => layer)).toEqual([
      "dequantize[0]",
      "affine[1]",
      "reshape[2]",
      "linear[3]",
      "relu[4]",
      "linear[5]",
      "whiten[6]",
      "standardNormal",
    ]);
    const config = JSON.parse(readFileSync(join(root, "frozen", "config.json"), "utf8"));
    expect(config).toMatchObject({ network: "converted", flow: { frozen: true } });
  });

  it("tries step sizes where none is named, and never ends above its start on what is held out", async () => {
    const found = await train("found");
    const { training, data: used } = JSON.parse(readFileSync(join(root, "found", "config.json"), "utf8"));
    expect([1e-3, 3e-4, 1e-4, 3e-5, 1e-5]).toContain(training.learningRate);
    expect(found.stderr).toContain(`step size ${training.learningRate}, the best of 0.001, 0.0003`);
    expect(used).toMatchObject({ examples: 58, validation: 6 });

    // a step size that ruins it: the start is kept, what evaluate uses, and said
    const ruined = await train("ruined", "--lr", "30");
    const { judgedStep, warnings } = JSON.parse(ruined.stdout);
    expect(judgedStep).toBe(0);
    expect(warnings[0]).toContain("no step improved the held-out examples over the initialization");
    expect(ruined.stderr).toContain(warnings[0]);
    const validated = readFileSync(join(root, "ruined", "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ split }) => split === "validation");
    const kept = await runCommand(["evaluate", join(root, "ruined"), "--split", "validation", "--json"]);
    expect(JSON.parse(kept.stdout)).toMatchObject({ step: 0, bpd: validated[0].bpd });
    expect(validated.at(-1).bpd).toBeGreaterThan(validated[0].bpd);
  });

  it("leaves a run that others commands open, resumed ones included", async () => {
    const run = join(root, "frozen");
    const measured = await runCommand(["evaluate", run, "--json"]);
    expect(JSON.parse(measured.stdout).examples).toBe(20);
    const scored = await runCommand(["score", run, "--limit", "3", "--quiet"]);
    expect(scored.stdout.trim().split("\n")).toHaveLength(4);
    const resumed = await runCommand(["train", "--resume", run, "--json"]);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ step: 6, finished: true });
  });

  it("says how often the given network is right, where images have labels that it knows", async () => {
    const labelled = writeIdxFolder(join(root, "labelled"), { train: 4, test: 30, side: 4, images: noise });
    const accuracy = async (label: number) => {
      writeFileSync(join(labelled, "t10k-labels-idx1-ubyte"), idxBytes([30], new Uint8Array(30).fill(label)));
      const run = join(root, "frozen");
      const { stdout } = await runCommand(["evaluate", run, "--data", labelled, "--json"]);
      return JSON.parse(stdout).accuracy;
    };
    const each = [await accuracy(0), await accuracy(1), await accuracy(2)];
    expect(each.map(({ of }) => of)).toEqual([30, 30, 30]);
    expect(each.reduce((sum, { right }) => sum + right, 0)).toBe(30); // each image has one class
    expect(await accuracy(3)).toBeNull();
  });

  it("lets draw inputs for results, which the original network gives", async () => {
    const run = join(root, "frozen");
    const png = join(root, "preimages.png");
    const args = ["decode", run, "--count", "6", "--out", png, "--force", "--json"];
    const { status, stdout } = await runCommand([...args, "--logits", "2:0.4"]);
    expect(status).toBe(0);
    const { wanted, reached, differences, differencesAsPictures } = JSON.parse(stdout);
    expect(wanted[2]).toBeCloseTo(0.4, 6);
    expect(Math.max(...differences)).toBeLessThan(1e-2);
    const close = 0.05 * Math.max(...wanted.map(Math.abs));
    expect(reached).toEqual([0, 1, 2, 3, 4, 5].filter((i) => differencesAsPictures[i] <= close));
    const like = await runCommand(["decode", run, "--out", join(root, "like.png"), "--like", png]);
    expect(like.stderr).toContain("the network expects 4 × 4");
    const picture = join(root, "grey.png");
    await sharp(Buffer.from(Array.from({ length: 16 }, (_, i) => 15 * i)), {
      raw: { width: 4, height: 4, channels: 1 },
    })
      .png()
      .toFile(picture);
    const alike = await runCommand([
      "decode",
      run,
      "--count",
      "3",
      "--out",
      join(root, "alike.png"),
      "--json",
      "--like",
      picture,
    ]);
    expect(alike.status).toBe(0);
    expect(Math.max(...JSON.parse(alike.stdout).differences)).toBeLessThan(1e-2);
    const impossible = await runCommand([...args.slice(0, -1), "--logits", "2:5000"]);
    expect(impossible.stdout).toMatch(/^not reached: 6 of 6, /m);
    expect(impossible.stdout).not.toContain("samples of the inverse");
    await expectRefusal(["decode", run], 2, "--logits PLACE:VALUE, or --like IMAGE");
    await expectRefusal(["score", converted], 2, "without trained inverses", `train --from ${converted}`);
    await expectRefusal(["decode", run, "--logits", "3:1"], 2, "there is no output 3, expected 0 to 2");
    await expectRefusal(["decode", run, "--logits", "3"], 2, "expected PLACE:VALUE");
  });

  it("tells which layer finds an image unlikely", async () => {
    const picture = join(root, "white.png");
    await sharp(Buffer.alloc(16, 255), { raw: { width: 4, height: 4, channels: 1 } })
      .png()
      .toFile(picture);
    const run = join(root, "frozen");
    const { status, stdout } = await runCommand(["explain", run, picture, "--json"]);
    expect(status).toBe(0);
    const { layers, images } = JSON.parse(stdout) as {
      images: number;
      layers: { layer: string; bpd: number; mean: number; deviations: number }[];
    };
    expect(images).toBe(20);
    const total = layers.at(-1)!;
    expect(total.layer).toBe("total");
    expect(layers.slice(0, -1).reduce((sum, { bpd }) => sum + bpd, 0)).toBeCloseTo(total.bpd, 4);
    expect(total.bpd).toBeGreaterThan(total.mean);
    expect(layers[0]).toMatchObject({ layer: "dequantize[0]", bpd: expect.closeTo(8, 4), deviations: 0 });
    expect((await runCommand(["explain", run, picture])).stdout).toMatch(/finds it the least likely, by \d/);
  });

  it("trains the function too where asked", async () => {
    const { status, stdout } = await train("free", "--free");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).not.toHaveProperty("unchanged");
    const [own, other] = ["frozen", "free"].map((run) => join(root, run, "weights.safetensors")) as [
      string,
      string,
    ];
    const bytes = readFileSync(own);
    writeFileSync(own, readFileSync(other));
    const mixed = `${own}: of another run than config.json beside it`;
    await expectRefusal(["evaluate", join(root, "frozen")], 2, mixed, "put back the files of one run\n");
    writeFileSync(own, bytes);
    expect((await runCommand(["evaluate", join(root, "frozen")])).status).toBe(0);
  });

  it("refuses what does not go together", async () => {
    const out = ["--out", join(root, "none"), "--data", data];
    await expectRefusal(
      ["train", "--from", converted, "--network", "fmlp", ...out],
      2,
      "--from sets the network",
    );
    await expectRefusal(["train", "--free", ...out], 2, "--free is for a converted network");
    await expectRefusal(["train", "--normalize", "raw", ...out], 2, "--normalize is for a converted network");
    await expectRefusal(["train", "--from", root, ...out], 2, "holds no converted network");
    await expectRefusal(
      ["train", "--from", converted, "--normalize", "0,0:1", ...out],
      2,
      "--normalize: 2 numbers, expected one for each of 1 channels",
    );
    await expectRefusal(
      ["train", "--from", converted, "--data", "mnist"],
      2,
      "the network expects [1, 4, 4]",
    );
    writeFileSync(join(converted, "weights.safetensors"), "cut");
    await expectRefusal(["train", "--from", converted, ...out], 2, "weights.safetensors: ");
  });
});
