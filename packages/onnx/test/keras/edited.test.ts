import { DataError, UnsupportedOpError } from "@flowify/core";
import * as tf from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { isKeras, readKeras } from "../../src/index.js";
import { branching, converted, type Saved, saved, sequential } from "./models.js";

const KERNEL = '"shape":[2,2],"dtype":"float32"';

const small = () => saved(sequential([2], tf.layers.dense({ units: 2 })));

/** The file with a part of its text replaced. */
const edited = ({ json, shard }: Saved, from: string | RegExp, to: string): Saved => ({
  json: JSON.parse(JSON.stringify(json).replace(from, to)) as Saved["json"],
  shard,
});

describe("weights", () => {
  it("are read where they are quantized, as scale · q + min", async () => {
    const files = await small();
    const quantized = edited(
      files,
      KERNEL,
      '"shape":[2,2],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.5,"min":-1}',
    );
    const shard = Uint8Array.of(0, 1, 2, 255, ...new Uint8Array(8));
    const { network } = converted({ ...quantized, shard });
    expect(network.layers).toMatchObject([{ weights: { weight: Float32Array.of(-1, 0, -0.5, 126.5) } }]);
    const half = edited(files, KERNEL, '"shape":[2,2],"dtype":"float32","quantization":{"dtype":"float16"}');
    const bytes = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0).buffer);
    const halves = converted({ ...half, shard: Uint8Array.of(...bytes, ...new Uint8Array(8)) });
    expect(halves.network.layers).toMatchObject([{ weights: { weight: Float32Array.of(1, 0.5, -2, 0) } }]);
  });

  it("are refused where they are missing, too short or too long", async () => {
    const files = await small();
    const refused = (change: Saved, ...texts: string[]): void => {
      for (const text of texts) expect(() => converted(change)).toThrow(text);
      expect(() => converted(change)).toThrow(DataError);
    };
    refused({ ...files, shard: files.shard.subarray(0, 20) }, "needs 8 bytes at 16", "hold 20");
    refused({ ...files, shard: new Uint8Array(30) }, "hold 30 bytes, their weights need 24");
    refused(edited(files, "group1-shard1of1", "other"), '"other.bin", which is missing');
    refused(edited(files, /"name":"[^"]*bias"/, '"name":"x"'), "its weight bias is missing");
    refused(
      edited(files, KERNEL, '"shape":[2,2],"dtype":"string"'),
      "numbers of type string are not supported",
    );
    refused(edited(files, KERNEL, '"shape":[2,2],"dtype":"constructor"'), "numbers of type constructor");
    refused(edited(files, '"shape":[2,2]', '"shape":[-2,2]'), "weightsManifest is not a list");
    refused(edited(files, '"weightsManifest"', '"other"'), "weightsManifest is not a list");
    const turned = edited(files, '"shape":[2,2]', '"shape":[4,1]');
    expect(() => converted(turned)).toThrow(
      "its weight kernel is [4, 1] in the file, the layer expects [any, 2]",
    );
  });
});

describe("what is no such model", () => {
  it("names the class and the layer that have no rule", async () => {
    const files = await small();
    const odd = edited(files, '"class_name":"Dense"', '"class_name":"LSTM"');
    expect(() => converted(odd)).toThrow(/LSTM "dense_Dense\d+": there is no rule for layers of class LSTM/);
    expect(() => converted(odd)).toThrow(UnsupportedOpError);
    expect(() => converted(edited(files, '"activation":"linear"', '"activation":"gelu"'))).toThrow(
      'its activation "gelu"',
    );
    const model = await saved(branching());
    expect(() =>
      converted(edited(model, /"inbound_nodes":\[\[\[/, '"inbound_nodes":[[["a",0,0]],[[')),
    ).toThrow("used 2 times");
  });

  it("is refused with what is wrong", async () => {
    const files = await saved(branching());
    const beside = () => new Uint8Array(0);
    expect(isKeras({ modelTopology: {} })).toBe(true);
    expect(isKeras({ inShape: [2] })).toBe(false);
    expect(() => readKeras({ weightsManifest: [] }, beside)).toThrow("no modelTopology");
    expect(() => readKeras({ modelTopology: { node: [] } }, beside)).toThrow("no class_name and config");
    expect(() => converted(edited(files, '"class_name":"Model"', '"class_name":"Graph"'))).toThrow(
      "class Graph",
    );
    expect(() => converted(edited(files, /\["input\d+",0,0,\{\}\]/, '["input",0,1,{}]'))).toThrow(
      "has result 1",
    );
    expect(() => converted(edited(files, /\["input\d+",0,0,\{\}\]/, '["nobody",0,0,{}]'))).toThrow(
      "of a missing layer",
    );
    expect(() =>
      converted(edited(files, /"output_layers":\[\["[^"]*"/, '"output_layers":[["nobody"')),
    ).toThrow("which is missing");
    expect(() => converted(edited(files, '"batch_input_shape"', '"other"'))).toThrow(
      "has no batch_input_shape",
    );
    const deep = `${"[".repeat(20)}${"]".repeat(20)}`;
    expect(() => converted(edited(files, /"inbound_nodes":\[\[\[/, `"inbound_nodes":[[${deep},[`))).toThrow(
      "nested too deeply",
    );
  });
});
