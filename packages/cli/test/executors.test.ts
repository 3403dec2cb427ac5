import { DeviceError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { type Device, devices, openExecutor } from "../src/executors.js";
import { runCommand } from "./run-command.js";

/** The devices with another native one. */
const withNative = (open: Device["open"]): Device[] =>
  devices.map((device) => (device.name === "native" ? { ...device, open } : device));

const absent = withNative(async () => {
  throw new DeviceError("the native executor needs the package onnxruntime-node");
});

describe("openExecutor", () => {
  it("falls to Wasm where ONNX Runtime is absent, and says so on one line", async () => {
    const warnings: string[] = [];
    const executor = await openExecutor("auto", { warn: (line) => warnings.push(line) }, {}, absent);
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
    await expect(openExecutor("native", { warn }, {}, absent)).rejects.toThrow(DeviceError);
    const broken = withNative(async () => {
      throw new TypeError("broken");
    });
    await expect(openExecutor("auto", { warn }, {}, broken)).rejects.toThrow("broken");
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

describe("flowify devices", () => {
  it("tries each and says what is missing", async () => {
    const { status, stdout } = await runCommand(["devices", "--json"]);
    expect(status).toBe(0);
    const found = (
      JSON.parse(stdout) as { devices: { name: string; present: boolean; gflops?: number; why?: string }[] }
    ).devices;
    expect(found.map(({ name }) => name)).toEqual(["native", "webgpu", "wasm"]);
    for (const { present, gflops = 0, why = "" } of found)
      expect(present ? gflops > 0.01 : /npm install|no device|no WebGPU/.test(why)).toBe(true);
    expect(found.filter(({ name }) => name !== "webgpu").every(({ present }) => present)).toBe(true);
  });

  it("refuses a million threads", async () => {
    const { status, stderr } = await runCommand(["devices", "--threads", "1000000"]);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("1000000 threads: expected a whole number from 1 to 256"),
    });
    expect((await runCommand(["devices", "--threads", "0"])).status).toBe(2);
  });
});
