import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { zooNames } from "@flowify/core";
import type { Comparison } from "@flowify/onnx";
import { atMost, type Check, type Row } from "./check.js";
import { runNode } from "./node.js";
import { pythonWith } from "./python-runner.js";

/** The largest difference, relative to the largest entry. */
const CLOSE = 1e-4;

/** The share of the pixels that may be rounded to another level. */
const ROUNDED = 1e-3;

/** The share of differing numbers over all batches: for a single digit, one pixel is more than a thousandth. */
const pooled = (agreements: Comparison["outputs"]): number =>
  agreements.reduce((sum, { differing, batch }) => sum + differing * batch, 0) /
  agreements.reduce((sum, { batch }) => sum + batch, 0);

const INSTALL =
  "no python3 with onnx and onnxruntime found (apt install python3-onnx python3-onnxruntime): ran in onnxruntime-node, without the checker";

/**
 * The files of all networks, validated by Python's onnx and compared with the flow in its onnxruntime, for batches
 * of 1, 7 and 128, with fixed noise.
 */
export const exported: Check = {
  name: "export",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const rows: { [what: string]: Row } = {};
    const python = pythonWith("onnx", "onnxruntime");
    if (python === undefined) rows.runner = { figure: INSTALL, limit: "", verdict: "open" };
    for (const network of zooNames) {
      say(network);
      const folder = join(scratch, network);
      mkdirSync(folder, { recursive: true });
      const args = [network, folder, ...(python === undefined ? [] : [python])];
      const found = JSON.parse(await runNode("scripts/acceptance/export-network.ts", args)) as {
        [program: string]: Comparison["outputs"];
      };
      for (const [program, agreements] of Object.entries(found)) {
        const pixels = program === "decode" || program === "sample";
        const worst = pixels ? pooled(agreements) : Math.max(...agreements.map(({ largest }) => largest));
        const batches = agreements.map(({ batch }) => batch).join(", ");
        rows[`${network} ${program}, batches ${batches}, ${pixels ? "pixels that differ" : "difference"}`] =
          atMost(worst, pixels ? ROUNDED : CLOSE, (value) => value.toExponential(1));
      }
      rmSync(folder, { recursive: true });
    }
    return rows;
  },
};
