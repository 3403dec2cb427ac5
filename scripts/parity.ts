/**
 * Compares the layers with reference files: one line per file, exit status 1 if any fails. A file that cannot be read,
 * or whose layer does not exist yet, counts as failed.
 *
 *     npm run parity -- FILE...
 */
import { basename } from "node:path";
import { CaseError, readCase } from "../test/parity/case.js";
import { checkCase, LIMITS } from "../test/parity/check.js";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: npm run parity -- FILE...");
  process.exitCode = 2;
}

/** The line of a file without its verdict, and whether it passed. */
async function report(path: string): Promise<{ ok: boolean; name: string; text: string }> {
  let name = basename(path, ".json");
  let kind = "";
  try {
    const file = readCase(path);
    name = file.name;
    kind = `${file.layer.type}  `;
    const { worst, where, ok } = await checkCase(file);
    const errors = `float64 ${worst.float64.toExponential(1)}  float32 ${worst.float32.toExponential(1)}`;
    const limits = `allowed ${LIMITS.float64} and ${LIMITS.float32}`;
    return { ok, name, text: `${kind}${errors}${ok ? "" : `  (${where}; ${limits})`}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const known = error instanceof CaseError || !(error instanceof Error);
    return { ok: false, name, text: `${kind}${known ? reason : `${error.name}: ${reason}`}` };
  }
}

for (const path of files) {
  const { ok, name, text } = await report(path);
  console.log(`${ok ? "ok    " : "FAILED"}  ${name.padEnd(18)}  ${text.replaceAll("\n", " ")}`);
  if (!ok) process.exitCode = 1;
}
