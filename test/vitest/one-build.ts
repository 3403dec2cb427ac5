import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A place for one build of the playground, which the first test in need of it makes for all. */
export function setup(): () => void {
  const place = mkdtempSync(join(tmpdir(), "playground-build-"));
  process.env.PLAYGROUND_BUILD = place;
  return () => rmSync(place, { recursive: true, force: true });
}
