import { atMost, type Check, type Row } from "./check.js";
import { runNode } from "./node.js";

const flowify = "packages/cli/bin/flowify.js";
const STEPS = 20;
const CLOSE = 1e-3;

type Device = { name: string; present: boolean; why?: string };

/** Twenty steps of two networks on WebGPU and in Wasm: the losses must equal those of the native device. */
export const devices: Check = {
  name: "devices",
  needs: [],
  slow: true,
  async run({ say }) {
    const rows: { [what: string]: Row } = {};
    const found = (JSON.parse(await runNode(flowify, ["devices", "--json"])) as { devices: Device[] })
      .devices;
    for (const network of ["fmlp", "fconv2"]) {
      const train = async (device: string): Promise<number[]> => {
        say(`${network}, ${device}`);
        const args = [network, device, String(STEPS)];
        return JSON.parse(await runNode("scripts/acceptance/devices-network.ts", args)) as number[];
      };
      const native = await train("native");
      for (const { name, present, why } of found) {
        // jax-js on the processor runs the same programs as on WebGPU, but too slowly for this check
        if (name === "native" || name === "jax") continue;
        const row = `${network}, ${name} against native, ${STEPS} losses`;
        if (!present) {
          rows[row] = { figure: why ?? "absent", limit: "", verdict: "open" };
          continue;
        }
        const losses = await train(name);
        const off = native.map((loss, i) => Math.abs((losses[i] as number) / loss - 1));
        rows[row] = atMost(Math.max(...off), CLOSE, (value) => value.toExponential(1));
      }
    }
    return rows;
  },
};
