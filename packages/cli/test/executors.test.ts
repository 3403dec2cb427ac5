import { DeviceError } from "@flowify/core";
import { nativeProviders } from "@flowify/onnx";
import { describe, expect, it } from "vitest";
import { type Device, devices, openExecutor } from "../src/executors.js";
import { runCommand } from "./run-command.js";

/** The devices with others that cannot be opened. */
const broken = (names: readonly string[], error: (name: string) => Error): Device[] =>
  devices.map((device) =>
    names.includes(device.name)
      ? {
          ...device,
          open: async () => {
            throw error(device.name);
          },
        }
      : device,
  );

const without = (...names: string[]): Device[] =>
  broken(names, (name) => new DeviceError(`there is no ${name}`));

describe("openExecutor", () => {
  it("takes the next that is here, and names each that it passes over on one line", async () => {
    const warnings: string[] = [];
    const warn = (line: string) => void warnings.push(line);
    const wasm = await openExecutor("auto", { warn }, {}, without("native"));
    const jax = await openExecutor("auto", { warn }, {}, without("native", "wasm"));
    expect([wasm.name, jax.name]).toEqual(["wasm", "jax"]);
    expect(warnings).toEqual(["native", "native", "wasm"].map((name) => `skipped: there is no ${name}`));
    for (const executor of [wasm, jax]) await executor.dispose();
  });

  it("says so where there is none", async () => {
    const none = openExecutor("auto", { warn: () => {} }, {}, without("native", "wasm", "jax"));
    await expect(none).rejects.toThrow("no device to compute on");
  });

  it("does not fall back where the native one was asked for, or where it failed otherwise", async () => {
    const warn = () => {
      throw new Error("no warning is due");
    };
    await expect(openExecutor("native", { warn }, {}, without("native"))).rejects.toThrow(DeviceError);
    const failing = broken(["native"], () => new TypeError("failed"));
    await expect(openExecutor("auto", { warn }, {}, failing)).rejects.toThrow("failed");
  });

  it("takes the native one where it is, and others on request", async () => {
    const executors = [
      await openExecutor("auto", { warn: () => {} }),
      await openExecutor("wasm", { warn: () => {} }),
      await openExecutor("jax", { warn: () => {} }),
    ];
    expect(executors.map(({ name }) => name)).toEqual(["native", "wasm", "jax"]);
    for (const executor of executors) await executor.dispose();
  });
});

describe("--device", () => {
  it.each([
    ["cuda", "native-cuda"],
    ["tensorrt", "native-tensorrt"],
    ["dml", "native-dml"],
    ["CoreML", "native-coreml"],
    ["native-cud", "native-cuda"],
    ["nativ", "native"],
    ["webgp", "webgpu"],
    ["gpu", "webgpu"],
  ])("%s: did you mean %s?", async (name, meant) => {
    const { status, stderr } = await runCommand(["train", "--device", name]);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`or wasm or jax; did you mean "${meant}"?\n`),
    });
  });

  it("lists the names alone where none is close", async () => {
    const { status, stderr } = await runCommand(["train", "--device", "abacus"]);
    expect(status).toBe(2);
    expect(stderr).toContain('--device "abacus": expected auto or native or');
    expect(stderr).not.toContain("did you mean");
  });

  it.each([
    "baseline",
    "convert",
    "decode",
    "evaluate",
    "explain",
    "export",
    "ood",
    "reconstruct",
    "sample",
    "score",
  ])("is refused in the same words by flowify %s", async (command) => {
    const { status, stderr } = await runCommand([command, "--device", "cuda"]);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean "native-cuda"?'),
    });
  });
});

describe("flowify devices", () => {
  it("tries each and says what is missing", async () => {
    const { status, stdout } = await runCommand(["devices", "--json"]);
    expect(status).toBe(0);
    const found = (
      JSON.parse(stdout) as { devices: { name: string; present: boolean; gflops?: number; why?: string }[] }
    ).devices;
    const names = found.map(({ name }) => name);
    const provided = (await nativeProviders()).map((provider) => `native-${provider}`);
    expect(names.filter((name) => !provided.includes(name))).toEqual(["native", "webgpu", "wasm", "jax"]);
    expect(names).toEqual(expect.arrayContaining(provided));
    for (const { present, gflops = 0, why = "" } of found)
      expect(present ? gflops > 0.01 : /npm install|no device|no WebGPU|does not start/.test(why)).toBe(true);
    const always = found.filter(({ name }) => name !== "webgpu" && !provided.includes(name));
    expect(always.every(({ present }) => present)).toBe(true);
    expect((await runCommand(["devices"])).stdout).not.toContain(String.raw`\n`);
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
