/**
 * `node --import tsx scripts/assemble.ts`: writes the code of core's WebAssembly text, packages/core/src/math/fill.wat,
 * to the module that contains it. A test reports when to run it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import makeWabt from "wabt";

const SOURCE = new URL("../packages/core/src/math/fill.wat", import.meta.url);
export const TARGET = new URL("../packages/core/src/math/fill-code.ts", import.meta.url);

/** The text of the module for a WebAssembly text. */
export async function assembled(): Promise<string> {
  const wabt = await makeWabt();
  const parsed = wabt.parseWat("fill.wat", readFileSync(SOURCE, "utf8"));
  parsed.validate();
  const code = Buffer.from(parsed.toBinary({}).buffer).toString("base64");
  parsed.destroy();
  return `/** \`fill.wat\` in WebAssembly's binary format, in base64; written by scripts/assemble.ts. */\nexport const code =\n  "${code}";\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, await assembled());
