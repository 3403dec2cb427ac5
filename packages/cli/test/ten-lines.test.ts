/** What a program does with the package in ten lines: the names that it imports, folders, ONNX files. */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as core from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { gaussian, linear, normalResidual } from "@flowify/core/layers";
import { CLOSE } from "@flowify/onnx";
import { relativeDifference } from "@flowify/onnx/browser";
import { numpy as np } from "@jax-js/jax";
import * as flowify from "flowify";
import { describe, expect, it } from "vitest";
import { NodeModel } from "../src/node-model.js";
import { dense, writeOnnx } from "./onnx-files.js";
import { temporaryFolder } from "./temporary-folder.js";

const { couplingFlow, exportOnnx, fit, loadKeras, loadModel, loadOnnx } = flowify;
const root = temporaryFolder();

it("trains on rows, tells a likely one from an unlikely one, saves, and loads the same model", async () => {
  const rows = Array.from({ length: 2000 }, () => {
    const x = Math.random();
    return [x, x * x + 0.05 * Math.random(), -x, 1 - x, x];
  });
  const model = await fit(couplingFlow(5), rows, { steps: 300, seed: 7, validation: 0.1 });
  const asked = [
    [0.5, 0.27, -0.5, 0.5, 0.5],
    [0.5, 0.9, -0.5, 0.5, 0.5],
  ];
  const found = await model.logProb(asked);
  expect(found[0]! - found[1]!).toBeGreaterThan(5);
  await model.save(join(root, "detector"));
  await model.dispose();
  await model.dispose();
  const again = await loadModel(join(root, "detector"));
  expect(await again.logProb(asked)).toEqual(found);
  expect(again.arrays()).toEqual(model.arrays());
  await again.dispose();
});

it("trains the inverses of an ONNX file, whose function stays, restores it from its folder, and writes it", async () => {
  const rng = makeRng(4);
  const images = Array.from({ length: 96 }, () => Array.from({ length: 16 }, () => rng.normal()));
  const network = await loadOnnx(writeOnnx(root, "classifier", dense));
  const model = await fit(flowify.flowify(network, { frozen: true }), images, { epochs: 1 });
  const scores = await model.logProb(images.slice(0, 10));
  expect(scores.every(Number.isFinite)).toBe(true);
  const x = np.array(Float32Array.from(images.flat())).reshape([96, 1, 4, 4]);
  const plain = (await core.applyNetwork(network, x).data()) as Float32Array;
  expect(relativeDifference(plain, await model.encode(images, { mode: "deterministic" }))).toBeLessThan(
    CLOSE,
  );

  await model.save(join(root, "classified"));
  const { executor } = model;
  const again = await loadModel(join(root, "classified"), { executor });
  expect(await again.logProb(images.slice(0, 10))).toEqual(scores);
  await again.dispose(); // leaves the executor that it was given as it is
  expect(await model.logProb(images.slice(0, 10))).toEqual(scores);

  const files = await exportOnnx(model, join(root, "exported"));
  expect(files.length).toBeGreaterThan(3);
  for (const file of [...files, join(root, "exported", "flowify.json")]) expect(existsSync(file)).toBe(true);
  await model.dispose();
});

it("reads a network of Keras, and names the file that is none", async () => {
  const folder = join(root, "keras");
  mkdirSync(folder);
  const layer = {
    class_name: "Dense",
    config: { name: "d", units: 2, batch_input_shape: [null, 3], activation: "relu" },
  };
  const weights = [
    { name: "d/kernel", shape: [3, 2], dtype: "float32" },
    { name: "d/bias", shape: [2], dtype: "float32" },
  ];
  const model = {
    modelTopology: {
      keras_version: "2.15",
      model_config: { class_name: "Sequential", config: { layers: [layer] } },
    },
    weightsManifest: [{ paths: ["w.bin"], weights }],
  };
  writeFileSync(join(folder, "model.json"), JSON.stringify(model));
  writeFileSync(
    join(folder, "w.bin"),
    new Uint8Array(Float32Array.from({ length: 8 }, (_, i) => i / 8).buffer),
  );
  const network = await loadKeras(join(folder, "model.json"));
  expect(network.inShape).toEqual([3]);
  expect(network.layers.map(({ kind }) => kind)).toEqual(["linear", "relu"]);
  writeFileSync(join(root, "other.json"), "{}");
  await expect(loadKeras(join(root, "other.json"))).rejects.toThrow("other.json: not a model of Keras");
  writeFileSync(join(root, "no.onnx"), "no");
  await expect(loadOnnx(join(root, "no.onnx"))).rejects.toThrow(/no\.onnx: /);
  await expect(loadOnnx(join(root, "absent.onnx"))).rejects.toMatchObject({ code: "DATA" });
});

describe("a saved model", () => {
  const folder = join(root, "small");
  const saved = async (): Promise<void> => {
    const executor = core.jaxExecutor();
    const model = await fit(
      couplingFlow(2, { hidden: 8 }),
      [
        [1, 2],
        [2, 1],
        [0, 0],
        [1, 1],
      ],
      { steps: 1, executor },
    );
    expect(model).toBeInstanceOf(NodeModel);
    expect(core.decodeSafetensors(model.save({ made: "here" })).metadata).toMatchObject({ made: "here" });
    await model.save(folder);
    await model.save(folder); // over the one before
    await model.dispose();
  };
  const edit = (change: (document: { [key: string]: unknown }) => void): void => {
    const path = join(folder, "model.json");
    const document = JSON.parse(readFileSync(path, "utf8")) as { [key: string]: unknown };
    change(document);
    writeFileSync(path, JSON.stringify(document));
  };
  const damages: { [what: string]: [damage: () => void, code: string, message: string] } = {
    "of another version": [
      () =>
        edit((all) => {
          all.version = 9;
        }),
      "DATA",
      "not a saved model of version 1",
    ],
    "of a network that is none": [
      () =>
        edit((all) => {
          all.network = {};
        }),
      "USAGE",
      "not the description of a network",
    ],
    "with options that are none": [
      () =>
        edit((all) => {
          all.flow = { density: "no" };
        }),
      "DATA",
      "flow.density",
    ],
    "without parameters": [() => rmSync(join(folder, "parameters.safetensors")), "DATA", "no such file"],
    "with parameters cut short": [
      () => writeFileSync(join(folder, "parameters.safetensors"), "short"),
      "DATA",
      "parameters.safetensors: safetensors: 5 bytes",
    ],
    "that is not there": [() => rmSync(folder, { recursive: true }), "DATA", "no such file"],
  };
  it.each(Object.entries(damages))("%s", async (_, [damage, code, message]) => {
    await saved();
    damage();
    const failed: unknown = await loadModel(folder).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code });
    expect((failed as Error).message).toContain(message);
  });

  it("needs a flow that a file can describe, and a folder", async () => {
    const executor = core.jaxExecutor();
    const rows = [
      [1, 2],
      [2, 1],
    ];
    const composed = await fit(core.flow([linear(2, 2)]), rows, { steps: 1, executor });
    await expect(async () => composed.save(join(root, "composed"))).rejects.toThrow("was composed of layers");
    const own = core.flowify(
      { inShape: [2], layers: [{ kind: "linear", out: 1 }] },
      { density: { density: gaussian, residual: normalResidual } },
    );
    const model = await fit(own, rows, { steps: 1, executor });
    await expect(async () => model.save(join(root, "own"))).rejects.toThrow("a density of one's own");
    writeFileSync(join(root, "file"), "");
    const simple = await fit(couplingFlow(2, { blocks: 1, hidden: 4 }), rows, { steps: 1, executor });
    await expect(async () => simple.save(join(root, "file"))).rejects.toThrow("a file, expected a folder");
    for (const each of [composed, model, simple]) await each.dispose();
  });
});

it("re-exports names of core as they are, but for `fit`", () => {
  const own = new Set(["fit"]);
  const shared = Object.keys(flowify).filter((name) => name in core);
  expect(shared.sort()).toEqual([
    "FlowModel",
    "FlowifyError",
    "HostArray",
    "applyNetwork",
    "couplingFlow",
    "denseFlow",
    "fit",
    "flowify",
    "jaxExecutor",
    "splineFlow",
    "zoo",
  ]);
  for (const name of shared) {
    const [here, there] = [flowify, core].map((module) => (module as { [name: string]: unknown })[name]);
    expect({ [name]: here === there }).toEqual({ [name]: !own.has(name) });
  }
});
