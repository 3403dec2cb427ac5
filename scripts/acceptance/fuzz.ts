import { randomInt } from "node:crypto";
import { join } from "node:path";
import { atMost, type Check, equal } from "./check.js";
import type { FuzzResult } from "./mutated-files.js";
import { runNode } from "./node.js";
import { GIVEN } from "./pretrained-files.js";

const FILES = 10_000;
const MIB = 1024;

/** Mutated files of third-party networks: none may crash, hang, or take more than 1 GiB. */
export const fuzz: Check = {
  name: "fuzz",
  needs: [GIVEN],
  async run({ dir, say }) {
    const seed = randomInt(2 ** 32);
    say(`seed ${seed}`);
    const args = [join(dir, GIVEN), String(FILES), String(seed)];
    const printed = await runNode("scripts/fuzz-onnx.ts", args);
    const { files, read, harmful, slowestMs, peakKiB } = JSON.parse(printed) as FuzzResult & {
      peakKiB: number;
    };
    for (const each of harmful) say(each);
    say(`${read} of ${files} were still valid networks`);
    return {
      [`mutated files, seed ${seed}`]: equal(files, FILES),
      "ended with another error than flowify's": equal(harmful.length, 0),
      "slowest file": atMost(slowestMs / 1000, 10, (value) => `${value.toFixed(1)} s`),
      "peak memory": atMost(peakKiB / MIB, 1024, (value) => `${value.toFixed(0)} MiB`),
    };
  },
};
