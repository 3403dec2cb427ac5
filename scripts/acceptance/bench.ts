import { atMost, type Check, type Row } from "./check.js";
import { runNode } from "./node.js";

type Result = { stepPerG: number; peakRssMb: number; traceMs: number; compileMs: number };

/** Limits of a network: a training step in products of 1024³, and peak memory in MiB. */
const limits: { readonly [network: string]: { readonly step: number; readonly memory: number } } = {
  fmlp: { step: 10, memory: 1536 },
  fconv1: { step: 45, memory: 3072 },
  "fconv1-nsf": { step: 50, memory: 3072 },
  fconv2: { step: 25, memory: 3072 },
  "fconv2-nsf": { step: 45, memory: 3072 },
};

/** Training steps of the networks of MNIST, relative to this machine's matrix product. */
export const bench: Check = {
  name: "bench",
  needs: [],
  async run() {
    const rows: { [what: string]: Row } = {};
    for (const [network, { step, memory }] of Object.entries(limits)) {
      const found = JSON.parse(await runNode("bench/run.ts", [network, "--json"])) as Result;
      rows[`${network}, step in products of 1024³`] = atMost(found.stepPerG, step, (value) =>
        value.toFixed(2),
      );
      rows[`${network}, peak memory`] = atMost(found.peakRssMb, memory, (value) => `${value.toFixed(0)} MiB`);
      if (network === "fmlp")
        rows["fmlp, trace and compile"] = atMost(
          found.traceMs + found.compileMs,
          3000,
          (value) => `${(value / 1000).toFixed(2)} s`,
        );
    }
    return rows;
  },
};
