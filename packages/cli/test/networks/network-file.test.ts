import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, ShapeError, UsageError, zoo, zooNames } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { type ImageShape, imageSet, imageSize } from "../../src/data/image-set.js";
import { networkSchema } from "../../src/format/network.js";
import { flowOf, networkFor, networkNamed } from "../../src/networks/choose.js";
import { readNetworkFile } from "../../src/networks/network-file.js";
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

  it.each(zooNames)("can say all that %s needs", (name) => {
    const { name: _, ...network } = zoo(name);
    expect(networkSchema.parse(JSON.parse(JSON.stringify(network)))).toEqual(network);
  });

  it.each<[string, unknown, string]>([
    [
      "an unknown kind",
      [{ kind: "liner", out: 4 }],
      'layers[0].kind: unknown kind "liner"; did you mean "linear"?',
    ],
    ["an unknown option", [{ kind: "conv2d", out: 4, kernel: 2, strid: 2 }], "layers[0]: "],
    ["a size that is no number", [{ kind: "linear", out: "4" }], "layers[0].out: "],
    ["no layers", [], "layers: "],
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
      "other takes images [1, 3, 3], the data set mnist has images [1, 28, 28]\n--network auto builds one for them, --size 3x3 brings pictures to its size; flowify inspect auto --data DATA",
    );
  });
});

describe("a short name", () => {
  it("stands for the network that takes the images", () => {
    expect(networkFor("fconv2", imagesOf("mnist", [1, 28, 28])).name).toBe("mnist/fconv2");
    expect(networkFor("fconv2", imagesOf("cifar10", [3, 32, 32])).name).toBe("cifar10/fconv2");
  });
});
