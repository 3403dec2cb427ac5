import { atMost, type Check } from "./check.js";
import { runNode } from "./node.js";

type Result = { stepPerG: number; peakRssMb: number; traceMs: number; compileMs: number };

/** A training step of `fmlp` against this machine's own matrix product. */
export const benchFmlp: Check = {
  name: "bench-fmlp",
  needs: [],
  async run() {
    const { stepPerG, peakRssMb, traceMs, compileMs } = JSON.parse(
      await runNode("bench/run.ts", ["fmlp", "--json"]),
    ) as Result;
    return {
      "step in products of 1024³": atMost(stepPerG, 10, (value) => value.toFixed(2)),
      "peak memory": atMost(peakRssMb, 1536, (value) => `${value.toFixed(0)} MiB`),
      "trace and compile": atMost(traceMs + compileMs, 3000, (value) => `${(value / 1000).toFixed(2)} s`),
    };
  },
};
