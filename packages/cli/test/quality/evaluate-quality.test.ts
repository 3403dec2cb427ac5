import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toBytes } from "@flowify/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { constant, type NodeText, nodesOf } from "../../../../test/onnx-graph.js";
import { imageSet } from "../../src/data/image-set.js";
import { readPretrained } from "../../src/networks/pretrained.js";
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

const real = () => imageSet({ name: "real", split: "test", images: images(20), shape: [1, 4, 4] });

/** dense, and operators that no layer stands for: sign(y) |y| is y. */
const withoutRules: readonly NodeText[] = [
  ...dense.slice(0, 3),
  ["Gemm", ["r", "w2", "b2"], "y", { transB: 1 }],
  ["Sign", ["y"], "side"],
  ["Abs", ["y"], "size"],
  ["Mul", ["side", "size"], "scores"],
];
const notFinite: readonly NodeText[] = [...dense, ["Sqrt", ["logits"], "roots"]];

type Odd = { type?: "int64"; beside?: string; last?: string; shape?: readonly (string | number)[] };

/** A network with another input or output. */
function odd(name: string, { type, beside, last = "logits", shape = ["N", 1, 4, 4] }: Odd): string {
  const file = join(root, `${name}.onnx`);
  const inputs = [{ name: "x", type: type ?? ("float32" as const), shape }];
  const nodes: NodeText[] = [
    ["Cast", ["x"], "c", { to: 1 }],
    ["Reshape", ["c", "rows"], "f"],
    ["MatMul", ["f", "w"], "m"],
    beside ? ["Add", ["m", beside], "logits"] : ["Identity", ["m"], "logits"],
    ["ReduceMax", ["logits", "across"], "most", { keepdims: 0 }],
    ["ArgMax", ["logits"], "label", { axis: 1, keepdims: 0 }],
    ["Softmax", ["logits"], "p", { axis: 1 }],
  ];
  const one = { label: "int64", most: "float32" } as const;
  writeFileSync(
    file,
    toBytes({
      name,
      inputs: beside ? [...inputs, { name: beside, type: "float32" as const, shape: [1, 3] }] : inputs,
      outputs: last.split(" ").map((each) => ({
        name: each,
        type: each === "label" ? one.label : ("float32" as const),
        shape: each in one ? ["N"] : ["N", 3],
      })),
      nodes: nodesOf(nodes),
      constants: [
        constant(
          "w",
          [16, 3],
          Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
        ),
        { name: "across", type: "int64" as const, shape: [1], data: BigInt64Array.of(1n) },
        {
          name: "rows",
          type: "int64" as const,
          shape: [2],
          data: BigInt64Array.of(shape[0] === "N" ? -1n : 1n, 16n),
        },
      ],
    }),
  );
  return file;
}

describe("a judge", () => {
  const seen = async (file: string) => {
    const judge = await openJudge(file, real(), "raw");
    const found = await judge.look(images(30));
    await judge.dispose();
    return found;
  };

  it("is run and not converted: operators without a rule are no obstacle", async () => {
    const file = writeOnnx(root, "without-rules", withoutRules);
    await expect(readPretrained(file, {})).rejects.toThrow("Sign");
    const found = await seen(file);
    expect(found).toEqual(await seen(writeOnnx(root, "dense", dense)));
    expect(found).toMatchObject({ count: 30, size: 3 });
    const args = ["evaluate", run, "--quality", "--limit", "40", "--judge", file];
    expect((await runCommand(args)).stdout).toMatch(/^without-rules\.onnx \(pixels/m);
  });

  it("looks at the logits, before a softmax and beside labels", async () => {
    const logits = await seen(odd("plain", {}));
    expect(logits.given).toBeUndefined();
    expect(await seen(odd("softmax", { last: "p" }))).toEqual(logits);
    expect(await seen(odd("labels", { last: "label p" }))).toMatchObject({
      size: 3,
      given: expect.anything(),
    });
  });

  it("reads pixels as the classifier was trained on them", async () => {
    // class 1 where the mean of the pixels is above the one of all images: right for standardized pixels alone
    const file = writeOnnx(root, "standardized", [
      ["GlobalAveragePool", ["x"], "mean"],
      ["Flatten", ["mean"], "high"],
      ["Neg", ["high"], "low"],
      ["Concat", ["low", "high", "low"], "logits", { axis: 1 }],
    ]);
    const levels = Uint8Array.from({ length: 16 * 20 }, (_, i) => (i % 32 < 16 ? 40 : 60) + (i % 3));
    const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 2);
    const bright = imageSet({ name: "real", split: "test", images: levels, labels, shape: [1, 4, 4] });
    const judge = await openJudge(file, bright, undefined);
    expect(judge.input).toMatch(/^\(pixels \/ 255 - 0\.2\) \/ 0\.0393\d$/);
    const black = imageSet({ name: "black", split: "test", images: new Uint8Array(320), shape: [1, 4, 4] });
    const other = await openJudge(file, black, undefined); // no standard deviation to divide by
    expect(other.input).toMatch(/^pixels/);
    await judge.dispose();
    await other.dispose();
  });

  it("takes a batch of one, and no batch", async () => {
    const { rows } = await seen(odd("many", {}));
    const alone = [
      await seen(odd("fixed", { shape: [1, 1, 4, 4] })),
      await seen(odd("row", { shape: [16] })),
      await seen(odd("one-by-one", { shape: ["M", 1, 4, 4] })), // [M, …] is reshaped to [1, 16]
    ];
    for (const each of alone) {
      expect(each.count).toBe(30);
      each.rows.forEach((value, i) => expect(value).toBeCloseTo(rows[i]!, 2));
    }
  });
});

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
    await expect(openJudge(odd("integers", { type: "int64" }), real(), undefined)).rejects.toThrow(
      'its input "x" takes integers, expected float32 numbers',
    );
    await expect(openJudge(odd("two", { beside: "z" }), real(), undefined)).rejects.toThrow(
      "two.onnx: it has 2 inputs, x, z\nexport the network with the others built in",
    );
    await expect(openJudge(odd("one", { last: "most" }), real(), undefined)).rejects.toThrow(
      "one.onnx: returns most [N], expected float32 numbers, one for each of at least two classes",
    );
    await expect(
      openJudge(writeOnnx(root, "unknown", [["Nothing", ["x"], "y"]]), real(), undefined),
    ).rejects.toThrow("unknown.onnx: ONNX Runtime rejects the file");
    const nan = await openJudge(writeOnnx(root, "nan", notFinite), real(), undefined);
    await expect(nan.look(real().images)).rejects.toThrow("nan.onnx: returns numbers that are not finite");
    await nan.dispose();
    const large = imageSet({ name: "large", split: "test", images: new Uint8Array(64), shape: [1, 8, 8] });
    await expect(openJudge(writeOnnx(root, "judge", dense), large, undefined)).rejects.toThrow(
      "the examples of large are [1, 8, 8], the network takes [1, 4, 4]\nname a classifier for these images",
    );
    for (const name of ["train", "t10k"]) rmSync(join(data, `${name}-labels-idx1-ubyte`));
    await expectRefusal(["evaluate", run, "--quality"], 2, "have no labels to train a classifier on");
  });
});
