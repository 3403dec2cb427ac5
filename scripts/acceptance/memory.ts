import { atMost, type Check, type Row } from "./check.js";
import { runNode } from "./node.js";

type Found = { early: number; late: number };

const STEPS = 1000;
const GROWTH = 0.03;

/** Memory does not grow: compares the resident size after 1,000 steps with that after 100. */
export const memory: Check = {
  name: "memory",
  needs: [],
  async run({ say }) {
    const rows: { [what: string]: Row } = {};
    for (const device of ["native", "wasm", "jax"]) {
      say(device);
      const { early, late } = JSON.parse(
        await runNode("scripts/acceptance/memory-network.ts", [device, String(STEPS)], ["--expose-gc"]),
      ) as Found;
      rows[`${device}, growth of the resident size from step 100 to ${STEPS}`] = atMost(
        late / early - 1,
        GROWTH,
        (value) => `${(100 * value).toFixed(1)} %`,
      );
    }
    return rows;
  },
};
