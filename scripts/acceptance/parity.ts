import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CaseError, readCase } from "../../test/parity/case.js";
import { checkCase, LIMITS } from "../../test/parity/check.js";
import type { Check, Row } from "./check.js";

const CASES = "parity/cases";

/** All reference cases with implemented layers, and the number of the others. */
export const parity: Check = {
  name: "parity",
  needs: [CASES],
  async run({ dir, say }) {
    const rows: { [what: string]: Row } = {};
    const open = new Map<string, number>();
    const folder = join(dir, CASES);
    for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
      say(name);
      try {
        const { worst, where, ok } = await checkCase(readCase(join(folder, name)));
        rows[name] = {
          figure: `${worst.float64.toExponential(1)}, ${worst.float32.toExponential(1)}${ok ? "" : ` (${where})`}`,
          limit: `≤ ${LIMITS.float64}, ${LIMITS.float32}`,
          verdict: ok ? "ok" : "FAILED",
        };
      } catch (error) {
        const reason = (error as Error).message;
        const missing = error instanceof CaseError ? /^not built yet: (.*)$/.exec(reason)?.[1] : undefined;
        if (missing) open.set(missing, (open.get(missing) ?? 0) + 1);
        else rows[name] = { figure: reason.replaceAll("\n", " "), limit: "", verdict: "FAILED" };
      }
    }
    if (Object.keys(rows).length === 0)
      rows.cases = { figure: "none could be compared", limit: "", verdict: "FAILED" };
    if (open.size > 0) {
      const count = [...open.values()].reduce((a, b) => a + b, 0);
      const kinds = [...open].map(([kind, files]) => `${kind} ${files}`).join(", ");
      rows["not built yet"] = { figure: `${count} files: ${kinds}`, limit: "", verdict: "open" };
    }
    return rows;
  },
};
