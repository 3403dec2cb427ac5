import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DataError,
  encodeSafetensors,
  HostArray,
  paperNames,
  ShapeError,
  UsageError,
  zoo,
  zooNames,
} from "@flowify/core";
import { DType } from "@jax-js/jax";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { type ImageShape, imageSet, imageSize } from "../../src/data/image-set.js";
import { flowOf, networkFor, networkNamed } from "../../src/networks/choose.js";
import { networkSchema } from "../../src/networks/network.js";
import { readNetworkFile } from "../../src/networks/network-file.js";
import { describedNetwork, networkOf } from "../../src/networks/weights.js";
import { temporaryFolder } from "../temporary-folder.js";

const folder = temporaryFolder();

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const layers = [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 4 }];

/** One black image. */
const imagesOf = (name: string, shape: ImageShape) =>
  imageSet({ name, split: "train", shape, images: new Uint8Array(imageSize(shape)) });

describe("a network in a file", () => {
  it("is read and flowified under the name of the file, or its own", () => {
    const path = write("tiny.json", { inShape: [1, 3, 3], layers });
    const network = networkNamed(path);
    expect(network.name).toBe("tiny");
    expect(flowOf(network, {}).latentShape).toEqual([4]);
    expect(readNetworkFile(write("a.json", { name: "mine", inShape: [1, 3, 3], layers })).name).toBe("mine");
  });

  it.each([...zooNames, ...paperNames])("can say all that %s needs", (name) => {
    const { name: _, ...network } = zoo(name);
    expect(v.parse(networkSchema, JSON.parse(JSON.stringify(network)))).toEqual(network);
  });

  it.each<[string, unknown, string]>([
    [
      "an unknown kind",
      [{ kind: "liner", out: 4 }],
      'layers[0].kind: unknown kind "liner"; did you mean "linear"?',
    ],
    [
      "an unknown option",
      [{ kind: "conv2d", out: 4, kernel: 2, strid: 2 }],
      'layers[0]: unknown key "strid"; did you mean "stride"?',
    ],
    [
      "a size that is no number",
      [{ kind: "linear", out: "4" }],
      'layers[0].out: expected an integer from 1 to 65536, found "4"',
    ],
    ["no size", [{ kind: "linear" }], "layers[0].out: is missing"],
    ["no kind", [{ out: 4 }], "layers[0].kind: is missing"],
    ["a layer that is a number", [4], "layers[0]: expected Object, found 4"],
    ["a list of sides", [{ kind: "conv2d", out: 4, kernel: 2, padding: [] }], "layers[0].padding: expected"],
    [
      "three sides of a kernel",
      [{ kind: "maxPool2d", kernel: [1, 2, 3] }],
      "layers[0].kernel: expected an integer from 1 to 65536, or two of them",
    ],
    [
      "an unknown option in a branch",
      [{ kind: "branches", join: "add", branches: [[], [{ kind: "elu", beta: 1 }]] }],
      'layers[0].branches[1][0]: unknown key "beta"; it has alpha',
    ],
    [
      "numbers that are texts",
      [{ kind: "affine", scale: ["1"] }],
      'layers[0].scale[0]: expected number, found "1"',
    ],
    ["no layers", [], "layers: expected at least one layer"],
  ])("with %s is refused at its place", (name, wrong, message) => {
    const path = write(`${name.replaceAll(" ", "-")}.json`, { inShape: [1, 3, 3], layers: wrong });
    expect(() => readNetworkFile(path)).toThrow(UsageError);
    expect(() => readNetworkFile(path)).toThrow(`${path}: not the description of a network: ${message}`);
  });

  it("that is missing, or no JSON", () => {
    expect(() => readNetworkFile(join(folder, "absent.json"))).toThrow(DataError);
    expect(() => readNetworkFile(join(folder, "absent.json"))).toThrow("absent.json: no such file");
    expect(() => readNetworkFile(write("text.json", "{"))).toThrow("text.json: not JSON");
  });

  it("whose shapes do not fit names the network and the layer", () => {
    const path = write("misfit.json", {
      inShape: [1, 3, 3],
      layers: [...layers, { kind: "conv2d", out: 2, kernel: 2 }],
    });
    expect(() => flowOf(networkNamed(path), {})).toThrow(ShapeError);
    expect(() => flowOf(networkNamed(path), {})).toThrow(/^misfit: conv2d\[3\]: /);
  });

  it("that takes other images than the data set has", () => {
    const path = write("other.json", { inShape: [1, 3, 3], layers });
    expect(() => networkFor(path, imagesOf("mnist", [1, 28, 28]))).toThrow(
      "other takes images [1, 3, 3], the data set mnist has images [1, 28, 28]\nbuild a network for them with flowify train --network auto, or resize pictures with --size 3x3\nflowify inspect auto --data DATA",
    );
  });
});

describe("an array in the file of weights", () => {
  const net = (
    layers: object[],
    inShape: number[],
    arrays: { readonly [name: string]: readonly number[] },
  ) => {
    const tensors = Object.fromEntries(
      Object.entries(arrays).map(([name, shape]) => {
        const count = shape.reduce((a, b) => a * b, 1);
        return [
          name,
          new HostArray(
            Float32Array.from({ length: count }, (_, i) => i + 1),
            shape,
            DType.Float32,
          ),
        ];
      }),
    );
    const path = write("stored.json", { inShape, weights: "stored.safetensors", layers });
    writeFileSync(join(folder, "stored.safetensors"), encodeSafetensors(tensors));
    return () => networkOf(networkNamed(path));
  };
  const linear = { kind: "linear", out: 8, weights: { weight: "w", bias: "b" } };
  const conv = { kind: "conv2d", out: 2, kernel: [3, 1], weights: { weight: "w" } };
  const line = { kind: "conv1d", out: 2, kernel: 3, weights: { weight: "w" } };
  const affine = { kind: "affine", scale: "s" };
  const both = (layer: object) => [{ kind: "branches", join: "add", branches: [[], [layer]] }];

  it.each<[string, object[], number[], { readonly [name: string]: number[] }, string]>([
    [
      "a transposed matrix",
      [linear],
      [4],
      { w: [4, 8], b: [8] },
      '"w" in stored.safetensors is [4, 8], its layer (linear) expects [8, 4]',
    ],
    [
      "a bias of two axes",
      [linear],
      [4],
      { w: [8, 4], b: [2, 4] },
      '"b" in stored.safetensors is [2, 4], its layer (linear) expects [8]',
    ],
    [
      "a kernel on its side",
      [conv],
      [3, 5, 5],
      { w: [2, 3, 1, 3] },
      "[2, 3, 1, 3], its layer (conv2d) expects [2, 3, 3, 1]",
    ],
    ["channels last", [conv], [3, 5, 5], { w: [3, 1, 3, 2] }, "expects [2, 3, 3, 1]"],
    [
      "a kernel of lines",
      [line],
      [4, 9],
      { w: [3, 4, 2] },
      "[3, 4, 2], its layer (conv1d) expects [2, 4, 3]",
    ],
    ["a scale of the columns", [affine], [3, 3, 3], { s: [1, 1, 3] }, "expects [3] or [3, 1, 1]"],
    [
      "a scale with channels last",
      [affine],
      [2, 4, 5],
      { s: [4, 5, 2] },
      "expects [40] or [40, 1, 1] or [2, 4, 5]",
    ],
    [
      "a matrix in a branch",
      both({ ...linear, weights: { weight: "w" } }),
      [8],
      { w: [4, 16] },
      "expects [8, 8]",
    ],
  ])("is refused where its shape is another one: %s", (_, layers, inShape, arrays, message) => {
    expect(net(layers, inShape, arrays)).toThrow(ShapeError);
    expect(net(layers, inShape, arrays)).toThrow(message);
  });

  it.each<[string, object[], number[], { readonly [name: string]: number[] }]>([
    ["as PyTorch has them", [linear], [4], { w: [8, 4], b: [8] }],
    ["of one axis", [linear], [4], { w: [32], b: [8] }],
    ["of a square kernel", [{ ...conv, kernel: 3 }], [3, 5, 5], { w: [2, 3, 3, 3] }],
    ["of groups", [{ ...conv, groups: 2 }], [4, 5, 5], { w: [2, 2, 3, 1] }],
    ["of lines", [line], [4, 9], { w: [2, 4, 3] }],
    [
      "a scale of the channels, behind a layer of flows",
      [{ kind: "dequantize" }, affine],
      [3, 3, 3],
      { s: [3, 1, 1] },
    ],
    ["a scale of the entries", [affine], [2, 4, 5], { s: [2, 4, 5] }],
    ["one number", [affine], [3, 3, 3], { s: [1, 1, 1] }],
  ])("is taken %s", (_, layers, inShape, arrays) => {
    expect(net(layers, inShape, arrays)).not.toThrow();
  });

  it("is written in the shape of its layer", () => {
    const weight = new Float32Array(54);
    const layers = [
      { kind: "conv2d", out: 2, kernel: 3, weights: { weight, bias: new Float32Array(2) } },
    ] as const;
    const { tensors } = describedNetwork({ inShape: [3, 5, 5], layers });
    expect(tensors["0.weight"]?.shape).toEqual([2, 3, 3, 3]);
    expect(tensors["0.bias"]?.shape).toEqual([2]);
  });
});

describe("a short name", () => {
  it("stands for the network that takes the images", () => {
    expect(networkFor("fconv2", imagesOf("mnist", [1, 28, 28])).name).toBe("mnist/fconv2");
    expect(networkFor("fconv2", imagesOf("cifar10", [3, 32, 32])).name).toBe("cifar10/fconv2");
  });
});
