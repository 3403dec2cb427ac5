import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { DataError } from "@flowify/core";
import * as onnx from "onnx-buf";
import { afterAll, describe, expect, it } from "vitest";
import { standaloneOnnx } from "../../src/browser.js";
import { convertOnnx, loadRuntime, openOnnx, openOriginal, readOnnx } from "../../src/index.js";
import { bytesOf, model, twoLayers } from "./files.js";

const root = mkdtempSync(join(tmpdir(), "flowify-onnx-"));
afterAll(() => rmSync(root, { recursive: true }));

/** The file of two layers, its first weight in the file that `location` names. */
function writeWith(location: string): { path: string; weight: Uint8Array } {
  const message = model(twoLayers);
  const tensor = message.graph!.initializer[0]!;
  const weight = tensor.rawData;
  tensor.rawData = new Uint8Array();
  tensor.dataLocation = onnx.TensorProto_DataLocation.EXTERNAL;
  tensor.externalData = [create(onnx.StringStringEntryProtoSchema, { key: "location", value: location })];
  mkdirSync(join(root, "net"), { recursive: true });
  const path = join(root, "net", "net.onnx");
  writeFileSync(path, bytesOf(message));
  return { path, weight };
}

const open = (path: string) => {
  const { bytes, external } = openOnnx(path);
  return { bytes, external, graph: readOnnx(bytes, external) };
};

describe("weights beside the file", () => {
  it("are read, and go to ONNX Runtime as well", async () => {
    const { path, weight } = writeWith("parts/w.bin");
    expect(() => open(path)).toThrow(/"parts\/w.bin", which is missing/);
    mkdirSync(join(root, "net", "parts"));
    writeFileSync(join(root, "net", "parts", "w.bin"), weight);
    const { bytes, external, graph } = open(path);
    expect(graph.constants.get("w1")?.data).toEqual(
      readOnnx(bytesOf(model(twoLayers))).constants.get("w1")?.data,
    );
    const original = await openOriginal(
      await loadRuntime(),
      standaloneOnnx(bytes, convertOnnx(graph), external),
    );
    expect(await original.run(Float32Array.of(1, 2, 3, 4))).toHaveLength(2);
    await original.dispose();
  });

  it.each(["../w.bin", "/etc/passwd", "parts/../../w.bin", "..\\w.bin", "linked.bin", ""])(
    "are refused outside of its folder: %j",
    (location) => {
      writeFileSync(join(root, "w.bin"), new Uint8Array(48));
      const { path } = writeWith(location);
      if (location === "linked.bin") symlinkSync(join(root, "w.bin"), join(root, "net", "linked.bin"));
      expect(() => open(path)).toThrow(DataError);
      expect(() => open(path)).toThrow(/expected a file in /);
    },
  );

  it("and a file that is missing", () => {
    expect(() => openOnnx(join(root, "absent.onnx"))).toThrow(/absent.onnx: no such file/);
  });
});
