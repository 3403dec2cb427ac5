import type { DevicesFlags } from "../actions/devices-flags.js";
import { buildCommand } from "../flags/build-command.js";
import { nonEmpty, wholeNumber } from "../flags/parsers.js";
import { commonFlags } from "../flags/shared.js";
import type { CliContext } from "../ui/context.js";

export const devicesCommand = buildCommand<DevicesFlags, [], CliContext>({
  loader: async () => (await import("../actions/devices.js")).listDevices,
  parameters: {
    positional: { kind: "tuple", parameters: [] },
    flags: {
      plan: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "Measure the pieces of a training step, and model the step of up to N ranks",
      },
      measure: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief:
          "Measure a training step with each split of the cores, and remember the best for flowify train",
      },
      network: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "NAME",
        brief: "With --plan and --measure: a network, or a file net.json (default: fmlp)",
      },
      batch: {
        kind: "parsed",
        parse: wholeNumber(1),
        optional: true,
        placeholder: "N",
        brief: "With --plan and --measure: examples per step (default: set by the network)",
      },
      out: {
        kind: "parsed",
        parse: nonEmpty,
        optional: true,
        placeholder: "FILE",
        brief: "With --plan: write speed against ranks as a PNG",
      },
      threads: commonFlags.threads,
      json: commonFlags.json,
    },
  },
  docs: {
    brief: "List the devices of this machine and their speed",
    fullDescription: `Opens each device and times a matrix product on it. flowify train --device NAME selects
one, and so do the other commands. The default is the native device, or Wasm if ONNX Runtime is missing.

--plan N measures a training step on random examples. It measures what a rank computes, and under
mpirun the network between the ranks. It prints the modelled step of 1, 2, 4, … N ranks, and the step
of the ranks that it runs in, modelled and measured.

--measure tries numbers of workers and threads for a network. Workers compute parts of a batch side
by side, each with its part of the threads. flowify train uses the fastest ones, for this network and
batch on these cores, unless its flags name others.

--json prints one document:
  { devices: [{ name, present, gflops, why }] }, with --plan { network, batch, planned, links, here },
  with --measure { network, batch, cores, measured, best }

EXAMPLES
  flowify devices
  flowify devices --threads 1
  flowify devices --measure --network fconv2
  mpirun -n 4 flowify devices --plan 64 --network fconv2 --out plan.png`,
  },
});
