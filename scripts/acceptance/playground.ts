import { join } from "node:path";
import { startPlayground } from "@flowify/playground/browser";
import type { Check, Row } from "./check.js";
import { runToEnd } from "./node.js";
import { GIVEN, pretrainedFiles } from "./pretrained-files.js";

/** Files that must have the same report on the page. */
const AT_LEAST = 10;
/** Milliseconds for one of them. */
const PATIENCE = 180_000;

type Layer = { from: string; to: string; exact: boolean; droppedDims: number; addedDims: number };
type Report = { layers: Layer[]; unsupported: { op: string; node: string } | null };

/** Third-party pretrained networks on the page and with the command: both must have the same report. */
export const playground: Check = {
  name: "playground",
  needs: [GIVEN],
  async run({ dir, scratch, say }) {
    const served = await startPlayground();
    const rows: { [what: string]: Row } = {};
    let same = 0;
    try {
      const page = await served.open("#/network");
      for (const { file, path } of pretrainedFiles(dir)) {
        const args = [
          "convert",
          path,
          "--out",
          join(scratch, `page-${file}`),
          "--grain",
          "layer",
          "--json",
          "--quiet",
        ];
        const { output } = await runToEnd("packages/cli/bin/flowify.js", args);
        const wanted = wantedOf(JSON.parse(output) as Report);
        const started = performance.now();
        await page.locator("#part-network input[type=file]").setInputFiles(path);
        await page.waitForFunction(
          () =>
            document.querySelector("#part-network .working")?.textContent === "" &&
            document.querySelector("#part-network :is(.report, .problem)"),
          undefined,
          { timeout: PATIENCE },
        );
        const shown = await page
          .locator("#part-network :is(.report tbody tr, .problem p)")
          .evaluateAll((found) =>
            found.map((row) => Array.from(row.childNodes, (cell) => cell.textContent).join("|")),
          );
        const agrees = wanted.every((text, i) => shown[i]?.includes(text)) && wanted.length === shown.length;
        if (agrees) same++;
        say(
          `${file}: ${agrees ? "the same" : "a different"} report, ${((performance.now() - started) / 1000).toFixed(0)} s`,
        );
        rows[file] = {
          figure: agrees ? `${wanted.length} rows` : "a different report",
          limit: "the same rows",
          verdict: agrees ? "ok" : "FAILED",
        };
      }
    } finally {
      await served.close();
    }
    rows["files with the same report"] = {
      figure: String(same),
      limit: `≥ ${AT_LEAST}`,
      verdict: same >= AT_LEAST ? "ok" : "FAILED",
    };
    return rows;
  },
};

/** The rows of the report, or the message of the page without one. */
function wantedOf({ layers, unsupported }: Report): string[] {
  if (unsupported) return [`${unsupported.op} ${JSON.stringify(unsupported.node)}`];
  const some = (count: number): string => (count > 0 ? count.toLocaleString("en") : "");
  return layers.map(({ from, to, exact, droppedDims, addedDims }) =>
    [from, to, some(droppedDims), some(addedDims), exact ? "exact" : "bound"].join("|"),
  );
}
