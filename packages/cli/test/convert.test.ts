import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { h5Of, kerasOf } from "../../onnx/test/keras/stored.js";
import { loadKeras } from "../src/index.js";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { zipBytes } from "./data/zip-files.js";
import { dense, writeOnnx } from "./onnx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const classifier = writeOnnx(root, "classifier", [...dense, ["Softmax", ["logits"], "y"]]);
const byLayer = ["--grain", "layer"];

describe("flowify convert --grain layer", () => {
  it("writes the network and the report, and says what became of each node", async () => {
    const out = join(root, "converted");
    const { status, stdout } = await runCommand(["convert", classifier, "--out", out, ...byLayer]);
    expect(status).toBe(0);
    expect(stdout).toContain("classifier.onnx: 1×4×4 → 3, likelihood a lower bound");
    expect(stdout).toContain("left out at the end: Softmax y");
    expect(stdout).toMatch(/Gemm h +linear\[1\] +16 → 6 +10 +exact/);
    expect(stdout).toMatch(/Relu r +relu\[2\] +6 → 6 +bound/);
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
    expect(Object.keys(report)).toEqual([
      "file",
      "layers",
      "maxRelDiff",
      "inputs",
      "inputShape",
      "outputShape",
      "unsupported",
    ]);
    expect(report).toMatchObject({ inputs: 64, inputShape: [1, 4, 4], outputShape: [3], unsupported: null });
    expect(report.maxRelDiff).toBeLessThan(1e-5);
    expect(report.layers[1]).toEqual({
      from: "Gemm h",
      to: "linear[1]",
      exact: true,
      likelihood: "exact",
      droppedDims: 10,
      addedDims: 0,
      flooredValues: 0,
    });
  });

  it("reads what it wrote, with the same result", async () => {
    const again = await runCommand([
      "convert",
      join(root, "converted", "network.json"),
      "--out",
      join(root, "again"),
      "--json",
    ]);
    const report = JSON.parse(again.stdout);
    expect(report.maxRelDiff).toBeLessThan(1e-5);
    expect(report.layers.map(({ to }: { to: string }) => to)).toEqual([
      "reshape[0]",
      "linear[1]",
      "relu[2]",
      "linear[3]",
    ]);
    const weights = (folder: string) => readFileSync(join(root, folder, "weights.safetensors"));
    expect(weights("again")).toEqual(weights("converted"));
    // and shows it, before it is trained
    const { stdout } = await runCommand(["inspect", join(root, "again")]);
    expect(stdout).toMatch(/^again: 1×4×4 → 3/);
  });

  it("compares on images too, normalized as the network was trained", async () => {
    const data = writeIdxFolder(join(root, "images"), { train: 8, test: 70, side: 4, images: noise });
    const args = ["--data", data, "--normalize", "0.13:0.31", "--range", "-1:1", "--json"];
    const { stdout } = await runCommand([
      "convert",
      classifier,
      "--out",
      join(root, "real"),
      ...byLayer,
      ...args,
    ]);
    expect(JSON.parse(stdout).inputs).toBe(128);
    expect(JSON.parse(stdout).maxRelDiff).toBeLessThan(1e-5);
  });

  it("ends with status 3 where an operator has no rule, and takes one of the user's", async () => {
    const file = writeOnnx(root, "odd", [...dense.slice(0, 2), ["Cosh", ["h"], "y"]]);
    const out = join(root, "odd");
    const refused = await runCommand(["convert", file, "--out", out, ...byLayer, "--json"]);
    expect(refused.status).toBe(3);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      file: "odd.onnx",
      layers: [],
      unsupported: { op: "Cosh", node: "y" },
    });
    expect(refused.stderr).toContain('odd.onnx: Cosh "y" (node 2): there is no rule for Cosh');
    expect(existsSync(out)).toBe(false);
    const rules = join(root, "rules.mjs");
    writeFileSync(rules, 'export const rules = { Cosh: () => [{ kind: "leakyRelu", slope: 0.5 }] };\n');
    const { status, stdout, stderr } = await runCommand(["convert", file, "--out", out, "--rules", rules]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/Cosh y +leakyRelu\[2\]/);
    expect(stdout).not.toContain("train --from");
    expect(stderr).toMatch(
      /error\[MISMATCH\]: the flow computes a different function from the network, expected the same: largest difference: .* of the largest entry/,
    );
    expect(stderr).toContain(`${out} is written`);
    expect(JSON.parse(readFileSync(join(out, "report.json"), "utf8")).maxRelDiff).toBeGreaterThan(1e-4);
  });

  it("reads a model of Keras, with the shards of its weights", async () => {
    const folder = join(root, "keras");
    mkdirSync(folder);
    const file = join(folder, "model.json");
    const layers = [
      { class_name: "Flatten", config: { name: "flat", batch_input_shape: [null, 2, 2, 1] } },
      { class_name: "Dense", config: { name: "scores", units: 2, activation: "softmax" } },
    ];
    const model = (path: string, text = JSON.stringify(layers)) =>
      JSON.stringify({
        modelTopology: { class_name: "Sequential", config: { layers: JSON.parse(text) } },
        weightsManifest: [
          {
            paths: [path, "b.bin"],
            weights: [
              { name: "scores/kernel", shape: [4, 2], dtype: "float32" },
              { name: "scores/bias", shape: [2], dtype: "float32" },
            ],
          },
        ],
      });
    const numbers = Float32Array.of(1, -1, 2, -2, 3, -3, 4, 5, 0.5, -0.5);
    writeFileSync(join(folder, "a.bin"), new Uint8Array(numbers.buffer, 0, 22));
    writeFileSync(join(folder, "b.bin"), new Uint8Array(numbers.buffer, 22));
    writeFileSync(file, model("a.bin"));
    const out = join(root, "of-keras");
    const { status, stdout } = await runCommand(["convert", file, "--out", out, ...byLayer, "--json"]);
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.layers.map(({ from }: { from: string }) => from)).toEqual([
      "Flatten flat/Flatten",
      "Gemm scores/Gemm",
    ]);
    expect(report.maxRelDiff).toBeLessThan(1e-6);
    expect(existsSync(join(out, "original.onnx"))).toBe(true);
    const refused = async (text: string, ...says: [string, ...string[]]): Promise<void> => {
      writeFileSync(file, text);
      await expectRefusal(["convert", file, "--out", join(root, "no")], 2, ...says);
    };
    await refused(model("../a.bin"), "model.json: its weights are in", "expected a file in");
    await refused(model("c.bin"), 'in "c.bin", which is missing');
    await refused(model("a.bin", `${"[".repeat(300)}${"]".repeat(300)}`), "nested");
    writeFileSync(file, model("a.bin", JSON.stringify(layers).replace("Dense", "GRU")));
    const without = await runCommand(["convert", file, "--out", join(root, "no")]);
    expect(without.status).toBe(3);
    expect(without.stderr).toContain('GRU "scores": there is no rule');
  });

  it("reads an .h5 file and a .keras file, by their content, and names them in errors", async () => {
    const flat = { name: "flat", batch_input_shape: [null, 2, 2, 1] };
    const layers = [
      { class_name: "Flatten", config: flat },
      { class_name: "Dense", config: { name: "scores", units: 2 } },
    ];
    const saved = {
      json: {
        modelTopology: { class_name: "Sequential", config: { layers } },
        weightsManifest: [
          {
            paths: [],
            weights: [
              { name: "scores/kernel", shape: [4, 2], dtype: "float32" },
              { name: "scores/bias", shape: [2], dtype: "float32" },
            ],
          },
        ],
      },
      shard: new Uint8Array(Float32Array.of(1, -1, 2, -2, 3, -3, 4, 5, 0.5, -0.5).buffer),
    };
    const entries = [...(await kerasOf(saved))].map(([name, content]) => ({ name, content, stored: true }));
    const [h5, keras, odd] = ["model.h5", "model.keras", "model.bin"].map((name) => join(root, name));
    writeFileSync(h5!, await h5Of(saved));
    writeFileSync(keras!, zipBytes(entries));
    writeFileSync(odd!, zipBytes(entries));
    const reports = [];
    for (const [i, file] of [h5!, keras!, odd!].entries()) {
      const { status, stdout } = await runCommand([
        "convert",
        file,
        "--out",
        join(root, `stored-${i}`),
        ...byLayer,
        "--json",
      ]);
      expect(status).toBe(0);
      reports.push(JSON.parse(stdout));
    }
    for (const report of reports) {
      expect(report.layers).toEqual(reports[0].layers);
      expect(report.maxRelDiff).toBeLessThan(1e-6);
    }
    const weights = (i: number) => readFileSync(join(root, `stored-${i}`, "weights.safetensors"));
    expect(weights(0)).toEqual(weights(1));
    expect((await loadKeras(keras!)).layers.map(({ kind }) => kind)).toEqual(["reshape", "linear"]);
    writeFileSync(keras!, zipBytes(entries.slice(0, 2)));
    await expect(loadKeras(keras!)).rejects.toThrow("model.keras: a zip archive without model.weights.h5");
  });

  it("refuses files that are no network, and folders with other things in them", async () => {
    const out = join(root, "none");
    const text = join(root, "text.onnx");
    writeFileSync(text, "hello");
    await expectRefusal(["convert", text, "--out", out], 2, "error[DATA]: ", "not an ONNX file");
    await expectRefusal(["convert", join(root, "absent.onnx"), "--out", out], 2, "absent.onnx: no such file");
    await expectRefusal(["convert", classifier, "--out", root], 2, "exists already", "--force");
    await expectRefusal(["convert", classifier, "--out", classifier], 2, "a file, expected a folder");
    await expectRefusal(
      ["convert", classifier, "--out", out, "--rules", text],
      2,
      "cannot be loaded: ReferenceError",
    );
    await expectRefusal(["convert", classifier, "--out", out, "--range", "1:0"], 2, "expected LOW:HIGH");
    await expectRefusal(
      ["convert", classifier, "--out", out, "--normalize", "0.1"],
      2,
      "expected raw or MEAN:STD",
    );
    await expectRefusal(["convert", classifier, "--out", out, "--output", "q"], 2, 'no value "q"');
    mkdirSync(join(root, "missing"));
    const described = join(root, "missing", "net.json");
    const layers = [{ kind: "linear", out: 1, weights: { weight: "a" } }];
    writeFileSync(described, JSON.stringify({ inShape: [2], weights: "w.safetensors", layers }));
    await expectRefusal(["convert", described, "--out", out], 2, "w.safetensors: no such file");
    writeFileSync(described, JSON.stringify({ inShape: [2], weights: "../w.safetensors", layers }));
    await expectRefusal(["convert", described, "--out", out], 2, "in the same folder");
    writeFileSync(described, JSON.stringify({ inShape: [2], layers }));
    await expectRefusal(["convert", described, "--out", out], 2, 'no array "a"');
  });
});
