import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromiumPath } from "../chromium.js";
import { atMost, type Check, equal, type Row } from "./check.js";
import { inChromium, inNode, inPython, type Judged } from "./detector-runners.js";
import { snippetsIn } from "./doc-snippet.js";
import { runNode } from "./node.js";
import { cellsOf, columnsOf, parcels } from "./parcels.js";
import { pythonWith } from "./python-runner.js";

const flowify = "packages/cli/bin/flowify.js";
const ROWS = { known: 2000, fresh: 500 } as const;
/** One row in so many is odd. */
const ODD = 25;
const FALSE_ALARMS = ["--false-alarms", "0.02"];
/** The largest difference of scores, as a part of 1 + |score|. */
const CLOSE = 1e-4;

/** The first block of a language in the section of docs/tables.md that deploys a detector. */
const snippetOf = (language: string): string => snippetsIn("docs/tables.md", "Deploy it", language)[0]!;

function rowsFor(runner: string, found: Judged, wanted: Judged): { [what: string]: Row } {
  const difference = Math.max(
    ...wanted.score.map((score, i) => Math.abs(found.score[i]! - score) / (1 + Math.abs(score))),
    ...wanted.p.map((p, i) => Math.abs(found.p[i]! - p)),
  );
  const flags = wanted.flag.filter((flag, i) => found.flag[i] !== flag).length;
  return {
    [`${runner}, largest difference of scores and p of ${wanted.score.length} rows`]: atMost(
      difference,
      CLOSE,
      (value) => value.toExponential(1),
    ),
    [`${runner}, flags that differ (${wanted.flag.filter((flag) => flag === 1).length} rows are flagged)`]:
      equal(flags, 0),
  };
}

/** What the snippets of the docs print: the second of two parcels is odd. */
const snippetRow = (printed: string): Row => ({
  figure: printed.replaceAll("\n", "; "),
  limit: "flag 0, then flag 1",
  verdict: /^score .*, p .*, flag 0\nscore .*, p .*, flag 1$/.test(printed) ? "ok" : "FAILED",
});

const notRun = (what: string): Row => ({ figure: `not run: ${what}`, limit: "", verdict: "open" });

/** Exported detectors without flowify: in Node, on a page in Chromium, and in Python. */
export const detector: Check = {
  name: "detector",
  needs: [],
  async run({ scratch, say }) {
    const [known, fresh] = [join(scratch, "known.csv"), join(scratch, "new.csv")];
    const text = parcels(ROWS.fresh, 2, { isOdd: (row) => row % ODD === 0, drones: true });
    writeFileSync(known, parcels(ROWS.known, 1));
    writeFileSync(fresh, text);
    const columns = columnsOf(text);
    const rows: { [what: string]: Row } = {};
    const python = pythonWith("numpy", "onnxruntime");
    const chromium = chromiumPath();
    if (chromium !== undefined) process.env.CHROMIUM = chromium;
    for (const [kind, flags] of [
      ["clean", []],
      ["contaminated", ["--contaminated"]],
    ] as const) {
      const [run, out, scored] = [kind, `${kind}-graph`, `${kind}.csv`].map((name) =>
        join(scratch, name),
      ) as [string, string, string];
      const training = ["--steps", "200", "--pictures", "none", "--quiet", ...flags];
      await runNode(flowify, ["train", "--data", known, "--out", run, ...training]);
      say(`${kind}: trained`);
      await runNode(flowify, ["score", run, "--data", fresh, "--out", scored, "--quiet", ...FALSE_ALARMS]);
      await runNode(flowify, ["export", run, "--detector", "--out", out, "--quiet", ...FALSE_ALARMS]);
      const cells = cellsOf(readFileSync(scored, "utf8"));
      const number = (at: number): number[] => cells.map((row) => Number(row[at]));
      const wanted = { score: number(1), p: number(2), flag: number(3) };
      const graph = join(out, "detector.onnx");
      Object.assign(rows, rowsFor(`${kind}, Node`, await inNode(graph, columns), wanted));
      if (chromium === undefined) rows[`${kind}, Chromium`] = notRun("no Chromium found");
      else {
        const found = await inChromium(graph, columns, snippetOf("js"), join(scratch, `${kind}-page`));
        Object.assign(rows, rowsFor(`${kind}, Chromium`, found, wanted));
        if (kind === "clean") rows["snippet for a page"] = snippetRow(found.printed);
      }
      if (python === undefined)
        rows[`${kind}, Python`] = notRun("no python3 with onnxruntime (apt install python3-onnxruntime)");
      else {
        const folder = join(scratch, `${kind}-python`);
        const found = await inPython(python, graph, columns, snippetOf("python"), folder);
        Object.assign(rows, rowsFor(`${kind}, Python`, found, wanted));
        if (kind === "clean") rows["snippet for Python"] = snippetRow(found.printed);
      }
    }
    return rows;
  },
};
