import { DeviceError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { openExecutor } from "../src/executors.js";

const absent = async (): Promise<never> => {
  throw new DeviceError("the native executor needs the package onnxruntime-node");
};

describe("openExecutor", () => {
  it("falls to Wasm where ONNX Runtime is absent, and says so on one line", async () => {
    const warnings: string[] = [];
    const executor = await openExecutor("auto", { warn: (line) => warnings.push(line) }, absent);
    expect(executor.name).toBe("wasm");
    expect(warnings).toEqual([
      "ONNX Runtime is not here (npm install onnxruntime-node): computing in Wasm, several times slower",
    ]);
    await executor.dispose();
  });

  it("does not fall back where the native one was asked for, or where it failed otherwise", async () => {
    const warn = () => {
      throw new Error("no warning is due");
    };
    await expect(openExecutor("native", { warn }, absent)).rejects.toThrow(DeviceError);
    const broken = async (): Promise<never> => {
      throw new TypeError("broken");
    };
    await expect(openExecutor("auto", { warn }, broken)).rejects.toThrow("broken");
  });

  it("takes the native one where it is, and Wasm on request", async () => {
    const executors = [
      await openExecutor("auto", { warn: () => {} }),
      await openExecutor("wasm", { warn: () => {} }),
    ];
    expect(executors.map(({ name }) => name)).toEqual(["native", "wasm"]);
    for (const executor of executors) await executor.dispose();
  });
});
