import type { DevicesFlags } from "../actions/devices.js";
import type { CliContext } from "../context.js";
import { buildCommand } from "./build-command.js";
import { commonFlags } from "./shared.js";

export const devicesCommand = buildCommand<DevicesFlags, [], CliContext>({
  loader: async () => (await import("../actions/devices.js")).listDevices,
  parameters: {
    positional: { kind: "tuple", parameters: [] },
    flags: { threads: commonFlags.threads, json: commonFlags.json },
  },
  docs: {
    brief: "List where this machine can compute, and how fast",
    fullDescription: `Opens each device and times a product of two matrices on it. flowify train --device NAME computes on
one of them, and so do the other commands; by default they take the native one, or Wasm where ONNX Runtime
is absent.

--json prints one document:
  { devices: [{ name, present, gflops, why }] }

EXAMPLES
  flowify devices
  flowify devices --threads 1`,
  },
});
