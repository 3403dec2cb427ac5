import { DeviceError } from "@flowify/core";
import { loadRuntime, nativeProviders } from "@flowify/onnx";
import { type Device, devices } from "../executors.js";
import { defineCommand, type Running } from "../flags/define.js";
import type { FlagsOf } from "../flags/flag.js";
import { commonFlags } from "../flags/shared.js";
import { PRODUCT, productRate } from "../product-rate.js";
import { table } from "../ui/format.js";

const flags = {
  threads: commonFlags.threads,
  json: commonFlags.json,
};

type DevicesFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  flags,
  help: `Opens each device and times a matrix product on it. flowify train --device NAME selects
one, and so do the other commands. The default is the native device, or Wasm if ONNX Runtime is missing.

--json prints one document:
  { devices: [{ name, present, gflops, why }] }

EXAMPLES
  flowify devices
  flowify devices --threads 1`,
  run: listDevices,
});

type Found = Readonly<{ name: string; present: boolean; gflops?: number; why?: string }>;

async function listDevices({ terminal }: Running, flags: DevicesFlags): Promise<void> {
  const { threads } = flags;
  const found: Found[] = [];
  const known = await devicesHere();
  for (const { name, open } of known) {
    try {
      const executor = await open({ threads });
      found.push({ name, present: true, gflops: await productRate(executor) });
      await executor.dispose();
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      found.push({ name, present: false, why: error.message });
    }
  }
  const rows = found.map(({ name, gflops, why }, i) => [
    name,
    gflops === undefined ? "–" : gflops.toFixed(0),
    (why ?? known[i]?.brief ?? "").replaceAll("\n", ": "),
  ]);
  for (const line of table([["device", "GFLOPS", ""], ...rows], [false, true])) terminal.say(line);
  terminal.say();
  terminal.say(
    `rates of a ${PRODUCT} × ${PRODUCT} × ${PRODUCT} float32 matrix product, without the transfer of the result`,
  );
  terminal.document({ devices: found });
}

/** All devices except providers that this build of ONNX Runtime lacks. */
async function devicesHere(): Promise<readonly Device[]> {
  let providers: string[] = [];
  try {
    (await loadRuntime()).env.logLevel = "fatal"; // the table shows why a provider does not start
    providers = await nativeProviders();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
  }
  return devices.filter(({ provider }) => provider === undefined || providers.includes(provider));
}
