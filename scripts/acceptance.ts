/**
 * The checks that need external data, or minutes of training. Prints a table; exit status 1 if any fails, 2 for wrong
 * usage. Progress goes to standard error.
 *
 *     npm run acceptance -- DIR                    all but the slow ones; DIR holds data/…
 *     npm run acceptance -- DIR --only mnist       one of them (may be given several times)
 *     npm run acceptance -- DIR --only convert --file resnet   only pretrained networks with this word in the file name
 *     npm run acceptance -- DIR --only scale --file kills  only the parts of this check with this word in their name
 *
 * A further check is a file in `acceptance/` and an entry of `checks`.
 */
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Check, holds, type Row } from "./acceptance/check.js";
import { compress } from "./acceptance/compress.js";
import { architectures, convert } from "./acceptance/convert.js";
import { engines } from "./acceptance/engines.js";
import { firstLook } from "./acceptance/first-look.js";
import { guard } from "./acceptance/guard.js";
import { jaxToOnnx } from "./acceptance/jax-to-onnx.js";
import { long } from "./acceptance/long.js";
import { mnist } from "./acceptance/networks.js";
import { scale } from "./acceptance/scale.js";
import { synthetic } from "./acceptance/synthetic.js";

const checks: readonly Check[] = [
  mnist,
  firstLook,
  compress,
  convert,
  architectures,
  guard,
  jaxToOnnx,
  engines,
  long,
  scale,
  synthetic,
];

class Usage extends Error {}

type Arguments = { dir: string; file: string | undefined; chosen: readonly Check[] };

function readArguments(args: readonly string[]): Arguments {
  let parsed: { values: { only?: string[] | undefined; file?: string | undefined }; positionals: string[] };
  try {
    const options = { only: { type: "string", multiple: true }, file: { type: "string" } } as const;
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new Usage((error as Error).message);
  }
  const names = checks.map(({ name }) => name);
  const [dir, ...more] = parsed.positionals;
  if (dir === undefined || more.length > 0)
    throw new Usage(
      `usage: npm run acceptance -- DIR [--only NAME] [--file WORD]\nchecks: ${names.join(", ")}`,
    );
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new Usage(`${dir}: no such folder`);
  const { file, only = checks.filter(({ slow }) => !slow).map(({ name }) => name) } = parsed.values;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Usage(`there is no check "${unknown}"; expected one of ${names.join(", ")}`);
  return { dir, file, chosen: checks.filter(({ name }) => only.includes(name)) };
}

const failed = (figure: string): { readonly [what: string]: Row } => ({ "": holds(false, figure, "") });

async function rowsOf(
  check: Check,
  { dir, file }: Arguments,
  scratch: string,
): Promise<{ readonly [what: string]: Row }> {
  const missing = check.needs.filter((path) => !existsSync(join(dir, path)));
  if (missing.length > 0) return failed(`missing in ${dir}: ${missing.join(", ")}`);
  try {
    const say = (text: string): void => void process.stderr.write(`${check.name}: ${text}\n`);
    say("begins");
    const rows = await check.run({ dir, file, scratch, say });
    return Object.keys(rows).length > 0 ? rows : failed(`--file ${file}: this check has no such part`);
  } catch (error) {
    return failed((error as Error).message.replaceAll("\n", " ").slice(-1000));
  }
}

/** Aligned columns. */
function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const padded = (row: readonly string[]): string[] => row.map((cell, i) => cell.padEnd(widths[i]!));
  for (const row of rows) console.log(padded(row).join("  ").trimEnd());
}

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2));
  const scratch = mkdtempSync(join(tmpdir(), "flowify-acceptance-"));
  const table = [["check", "figure", "limit", ""]];
  const verdicts: Row["verdict"][] = [];
  try {
    for (const check of asked.chosen)
      for (const [what, { figure, limit, verdict }] of Object.entries(await rowsOf(check, asked, scratch))) {
        table.push([what ? `${check.name}: ${what}` : check.name, figure, limit, verdict]);
        verdicts.push(verdict);
      }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  printTable(table);
  const count = (verdict: Row["verdict"]): number => verdicts.filter((each) => each === verdict).length;
  const open = count("open") > 0 ? `, ${count("open")} open` : "";
  console.log(`${count("ok")} ok, ${count("FAILED")} failed${open}`);
  return count("FAILED") > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Usage ? error.message : (error as Error).stack}\n`);
  process.exitCode = error instanceof Usage ? 2 : 1;
}
