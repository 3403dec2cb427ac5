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
    brief: "List the devices of this machine and their speed",
    fullDescription: `Opens each device and times a matrix product on it. flowify train --device NAME selects
one, and so do the other commands. The default is the native device, or Wasm if ONNX Runtime is missing.

--json prints one document:
  { devices: [{ name, present, gflops, why }] }

EXAMPLES
  flowify devices
  flowify devices --threads 1`,
  },
});
