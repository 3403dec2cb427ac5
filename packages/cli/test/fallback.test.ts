/** A device that breaks in the middle of a run; a broken one takes the place of WebGPU. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DeviceError, type Executor } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { runCommand } from "./run-command.js";
import { lastCheckpoint, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const STEPS_BEFORE = 7;

/** The native executor under another name, lost in the step after the seventh. */
async function losesDevice(): Promise<Executor> {
  const native = await nativeExecutor();
  let steps = 0;
  return {
    ...native,
    name: "webgpu",
    async compile(f, specs, options) {
      const compiled = await native.compile(f, specs, options);
      if (options?.name !== "gradient") return compiled;
      return {
        ...compiled,
        run: async (args, where) => {
          if (!where?.worker && ++steps > STEPS_BEFORE)
            throw new DeviceError("webgpu: the device was lost (unplugged)");
          return compiled.run(args, where);
        },
      };
    },
  };
}

vi.mock("@flowify/core", async (original) => ({
  ...(await original<typeof import("@flowify/core")>()),
  webgpuExecutor: () => losesDevice(),
}));

const root = temporaryFolder();
const { data, network } = writeSmallData(root);
const few = ["--batch", "64", "--steps", "12", "--pictures", "none"];
const options = ["--data", data, "--network", network, ...few];
const training = (every: number, out: string): string[] => {
  const flags = ["--checkpoint-every", String(every), "--device", "webgpu", "--out", out];
  return ["train", ...options, ...flags];
};

beforeAll(() => {
  vi.stubGlobal("navigator", { gpu: {} });
});

describe("a device that breaks in the middle of a run", () => {
  it("ends the run with the last checkpoint, and says how to go on", async () => {
    const out = join(root, "ended");
    const { status, stderr } = await runCommand(training(5, out));
    expect(status).toBe(1);
    expect(stderr).toContain("error[DEVICE]: webgpu: the device was lost (unplugged)");
    expect(stderr).toContain(`hint: the last checkpoint, of step 5, is kept in ${out}`);
    expect(stderr).toContain(`hint: go on by flowify train --resume ${out} --device native`);
    expect(lastCheckpoint(out, 5).length).toBeGreaterThan(0);
    const resumed = await runCommand(["train", "--resume", out, "--device", "native", "--quiet"]);
    expect(resumed.status).toBe(0);
    expect(existsSync(join(out, "checkpoints", "step-000000012.json"))).toBe(true);
  });
});

it("refuses a batch that needs more memory than there is, before anything is trained", async () => {
  const available = vi.spyOn(process, "availableMemory").mockReturnValue(2e6);
  // its step needs more than its parameters do
  const { data: images, network: convolution } = writeSmallData(join(root, "convolution"), "convolution");
  const args = ["train", "--data", images, "--network", convolution, ...few, "--out", join(root, "large")];
  const { status, stderr } = await runCommand(args);
  available.mockRestore();
  expect({ status, stderr }).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /error\[MEMORY\]: a step of 64 examples needs about \S+ GiB of memory, 0.00186 GiB are available\n +hint: a batch of \d+ fits/,
    ),
  });
  expect(existsSync(join(root, "large"))).toBe(false); // a run that cannot begin leaves no folder
});
