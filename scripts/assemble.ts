/**
 * `node --import tsx scripts/assemble.ts`: writes the code of core's WebAssembly texts, packages/core/src/math/*.wat, to
 * the modules that contain it. A test reports when to run it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import makeWabt from "wabt";

const FOLDER = new URL("../packages/core/src/math/", import.meta.url);

/** The texts by name, without their ending. */
export const TEXTS = ["fill", "eigen"] as const;

/** The module that contains the code of a text. */
export const moduleOf = (name: string): URL => new URL(`${name}-code.ts`, FOLDER);

/** The text of the module for a WebAssembly text. */
export async function assembled(name: string): Promise<string> {
  const wabt = await makeWabt();
  const parsed = wabt.parseWat(`${name}.wat`, readFileSync(new URL(`${name}.wat`, FOLDER), "utf8"));
  parsed.validate();
  const code = Buffer.from(parsed.toBinary({}).buffer).toString("base64");
  parsed.destroy();
  return `/** \`${name}.wat\` in WebAssembly's binary format, in base64; written by scripts/assemble.ts. */\nexport const code =\n  "${code}";\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const name of TEXTS) writeFileSync(moduleOf(name), await assembled(name));
