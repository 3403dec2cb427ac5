import { readFileSync } from "node:fs";
import { join } from "node:path";
import { atMost, type Check, type Row } from "./check.js";
import { runNode } from "./node.js";

const flowify = "packages/cli/bin/flowify.js";
const STEPS = 20;
const CLOSE = 1e-3;

type Device = { name: string; present: boolean; why?: string };

const lossesOf = (run: string): number[] =>
  readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .flatMap((line) => (JSON.parse(line) as { loss?: number }).loss ?? []);

/** Twenty steps of two networks on WebGPU and in Wasm: the losses are those of the native device. */
export const devices: Check = {
  name: "devices",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const rows: { [what: string]: Row } = {};
    const found = (JSON.parse(await runNode(flowify, ["devices", "--json"])) as { devices: Device[] })
      .devices;
    for (const network of ["fmlp", "fconv2"]) {
      const train = async (device: string): Promise<number[]> => {
        say(`${network}, ${device}`);
        const out = join(scratch, `${network}-${device}`);
        const what = ["--network", network, "--data", "mnist", "--limit", "2560", "--steps", String(STEPS)];
        const quick = ["--evaluate-every", "1000", "--pictures", "none", "--seed", "7"];
        await runNode(flowify, ["train", ...what, ...quick, "--device", device, "--out", out, "--json"]);
        return lossesOf(out);
      };
      const native = await train("native");
      for (const { name, present, why } of found) {
        // jax-js on the processor runs the programs that it runs on WebGPU, more slowly than there is time for
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
