import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Beside the dependencies of the command, which its build imports. */
const parent = fileURLToPath(new URL("../../packages/cli/node_modules/.tests-", import.meta.url));

/** A place for what `builtOnce` builds in this run of tests. */
export function setup(): () => void {
  mkdirSync(dirname(parent), { recursive: true });
  const place = mkdtempSync(parent);
  process.env.TEST_BUILDS = place;
  return () => rmSync(place, { recursive: true, force: true });
}
