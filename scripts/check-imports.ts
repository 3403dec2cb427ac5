/**
 * Checks which files may import which. Prints one line for each violation and exits with 1 if there is any.
 *
 *     node --import tsx scripts/check-imports.ts [ROOT]
 *
 * - Packages import one way: core, jax-to-onnx ← onnx ← cli, core ← compress ← cli; all of them ← playground.
 * - The sources of core import `@jax-js/jax`, `ml-matrix`, `valibot` and their own files, nothing else.
 * - A package is reached by its name, not by a path into its folder; only a test may reach a test of a
 *   package below its own (the catalog of layers, for example) or the laws of layers, and `bench` and `test` at the root any file.
 * - What browsers load, the sources of the playground and the entries that packages have for pages, imports
 *   nothing of Node, directly or through other files.
 * - What draws charts is loaded by `import()` where a chart is drawn: no other command waits for it.
 * - The rooms of core stand in an order (`floors`): a room imports what stands below it, math/ nothing else of ours.
 * Oxlint forbids cycles, imports of types counted; Biome forbids `export *` and default exports. That what a package imports is
 * declared in its own package.json is for knip to see.
 */
import { resolve } from "node:path";
import { forbiddenImports } from "./imports/forbidden-imports.js";

const { files, violations } = forbiddenImports(resolve(process.argv[2] ?? "."));
for (const violation of violations) console.log(violation);
console.log(`${files} files, ${violations.length} forbidden imports`);
process.exitCode = violations.length > 0 ? 1 : 0;
