import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { duckdbRows } from "../../test/support/duckdb-files.js";
import { inChromium } from "../in-chromium.js";
import { atMost, type Check, equal, holds, notRun, powers, type Row } from "./check.js";
import { flowify, printedByPython, pythonWith } from "./node.js";
import { cellsOf, columnsOf, parcels } from "./parcels.js";

const PAGE = "docs/engines.md";
const DEPLOYED = "docs/tables.md";

/** More rows than two batches of the recipe for Python. */
const ROWS = { known: 2000, fresh: 2500 } as const;
const ODD = 50;
const CLOSE = 1e-4;

/** The blocks of a language in a section of a page of the docs; at least one. */
function snippetsIn(page: string, section: string, language: string): string[] {
  const [, text = ""] = readFileSync(page, "utf8").split(`\n## ${section}\n`);
  const [own = ""] = text.split("\n## ");
  const fence = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g");
  const found = [...own.matchAll(fence)].map(([, code]) => code!);
  if (found.length === 0) throw new Error(`${page}, ${section}: nothing in ${language}`);
  return found;
}

/** What the snippets of docs/tables.md that deploy a detector print: the second of two parcels is odd. */
const deployed = (printed: string): Row =>
  holds(
    /^score .*, p .*, flag 0\nscore .*, p .*, flag 1$/.test(printed),
    printed.replaceAll("\n", "; "),
    "flag 0, then flag 1",
  );

const textOf = (...path: readonly string[]): string => readFileSync(join(...path), "utf8");

type Scored = readonly Readonly<{ score: number; flag: number }>[];

function rowsFor(engine: string, found: Scored, wanted: Scored): { [what: string]: Row } {
  const difference = Math.max(
    ...wanted.map(
      ({ score }, i) => Math.abs((found[i]?.score ?? Number.NaN) - score) / (1 + Math.abs(score)),
    ),
  );
  const flags = wanted.filter(({ flag }, i) => found[i]?.flag !== flag).length;
  return {
    [`${engine}, largest difference of ${wanted.length} scores`]: atMost(difference, CLOSE, powers),
    [`${engine}, flags that differ`]: equal(flags, 0),
  };
}

const scoredOf = (cells: readonly string[][]): Scored =>
  cells.map(([, score, , flag]) => ({ score: Number(score), flag: Number(flag) }));

async function inPython(folder: string, wanted: Scored): Promise<{ [what: string]: Row }> {
  const python = pythonWith("numpy", "onnxruntime");
  if (python === undefined)
    return { Python: notRun("no python3 with onnxruntime (apt install python3-onnxruntime)") };
  const [code = ""] = snippetsIn(PAGE, "Python, any number of rows", "python");
  const [snippet = ""] = snippetsIn(DEPLOYED, "Deploy it", "python");
  await printedByPython(python, ["-c", code], folder);
  const rows = rowsFor("Python", scoredOf(cellsOf(textOf(folder, "scores.csv"))), wanted);
  const printed = await printedByPython(python, ["-c", snippet], folder);
  return { ...rows, "snippet for Python": deployed(printed.trim()) };
}

async function inServiceWorker(folder: string, wanted: Scored): Promise<{ [what: string]: Row }> {
  const [worker = "", page = ""] = snippetsIn(PAGE, "A service worker", "js");
  // the recipe, with all rows in the place of its two
  const columns = columnsOf(textOf(folder, "new.csv"));
  const own = /^const columns = .*$/m;
  if (!own.test(page)) throw new Error(`${PAGE}: the page has no line with columns`);
  const code = page.replace(own, `const columns = ${JSON.stringify(columns)};`);
  const [snippet = ""] = snippetsIn(DEPLOYED, "Deploy it", "js");
  const modules = { "page.js": `${code}\nexport const found = { score, flag };\n`, "snippet.js": snippet };
  const ran = await inChromium<{ score: number[]; flag: number[] }>(folder, modules, { "worker.js": worker });
  if (!ran) return { "service worker": notRun("no Chromium found") };
  const rows = ran.found.score.map((score, i) => ({ score, flag: ran.found.flag[i]! }));
  return { ...rowsFor("service worker", rows, wanted), "snippet for a page": deployed(ran.printed) };
}

async function inDuckDb(folder: string, wanted: Scored): Promise<{ [what: string]: Row }> {
  const [query] = snippetsIn(PAGE, "DuckDB, joined with the scores", "sql");
  const rows = await duckdbRows(query!, folder);
  const sum = (name: string): number => rows.reduce((all, row) => all + Number(row[name]), 0);
  const flagged = wanted.reduce((all, { flag }) => all + flag, 0);
  return {
    "DuckDB, parcels of all carriers": equal(sum("parcels"), wanted.length),
    "DuckDB, flagged parcels": equal(sum("flagged"), flagged),
  };
}

/** The recipes of docs/engines.md and the snippets of docs/tables.md, as they stand there, compared with `flowify score`. */
export const engines: Check = {
  name: "engines",
  needs: [],
  async run({ scratch, say }) {
    const file = (name: string): string => join(scratch, name);
    writeFileSync(file("known.csv"), parcels(ROWS.known, 1));
    writeFileSync(
      file("new.csv"),
      parcels(ROWS.fresh, 2, (row) => row % ODD === 0),
    );
    const training = ["--id", "parcel", "--steps", "200", "--pictures", "none", "--quiet"];
    await flowify(["train", "--data", file("known.csv"), "--out", file("run"), ...training]);
    await flowify(["export", file("run"), "--detector", "--out", file("deployed"), "--quiet"]);
    const score = ["score", file("run"), "--data", file("new.csv"), "--quiet", "--out"];
    for (const name of ["scored.csv", "scored.parquet"]) await flowify([...score, file(name)]);
    const wanted = scoredOf(cellsOf(textOf(file("scored.csv"))));
    say(`${wanted.filter(({ flag }) => flag === 1).length} of ${wanted.length} rows are flagged`);
    return {
      ...(await inPython(scratch, wanted)),
      ...(await inServiceWorker(scratch, wanted)),
      ...(await inDuckDb(scratch, wanted)),
      Spark: notRun("no cluster"),
      Triton: notRun("no server"),
    };
  },
};
