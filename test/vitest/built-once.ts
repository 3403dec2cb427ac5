import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** Milliseconds that a test file waits for another one's build: it takes long on a busy machine. */
const PATIENCE = 120_000;

/** Milliseconds between two looks for the build of another file. */
const LOOK = 50;

/**
 * The folder with this name, built once in a run of tests: the first test file that needs it builds it, the others wait.
 *
 * @param build fills the folder, which is empty
 */
export async function builtOnce(name: string, build: (folder: string) => Promise<unknown>): Promise<string> {
  const { TEST_BUILDS: place = "" } = process.env;
  if (!place) throw new Error("no place for builds: expected a run of vitest with test/vitest/builds.ts");
  const [folder, done] = [join(place, name), join(place, `${name}.done`)];
  if (mkdirSync(folder, { recursive: true })) {
    await build(folder);
    writeFileSync(done, "");
  }
  for (let waited = 0; !existsSync(done); waited += LOOK) {
    if (waited > PATIENCE) throw new Error(`${name} was not built in ${PATIENCE / 1000} s`);
    await setTimeout(LOOK);
  }
  return folder;
}
