/**
 * `node --import tsx scripts/assemble.ts`: writes the code of core's WebAssembly text, packages/core/src/math/eigen.wat, to
 * the module that contains it. A test reports when to run it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import makeWabt from "wabt";

const text = new URL("../packages/core/src/math/eigen.wat", import.meta.url);

/** The module that contains the code of the text. */
export const module = new URL("eigen-code.ts", text);

/** The text of the module. */
export async function assembled(): Promise<string> {
  const wabt = await makeWabt();
  const parsed = wabt.parseWat("eigen.wat", readFileSync(text, "utf8"));
  parsed.validate();
  const code = Buffer.from(parsed.toBinary({}).buffer).toString("base64");
  parsed.destroy();
  return `/** \`eigen.wat\` in WebAssembly's binary format, in base64; written by scripts/assemble.ts. */\nexport const code =\n  "${code}";\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(module, await assembled());
