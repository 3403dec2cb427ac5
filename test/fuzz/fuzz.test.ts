import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readMutated } from "./read-mutated.js";

const folder = mkdtempSync(join(tmpdir(), "flowify-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SEED = 21;
it(`200 mutated files of seed ${SEED} are read, or end in an error of flowify's own`, async () => {
  const { harmful, read } = await readMutated(folder, SEED, (files) => files >= 200);
  expect(harmful).toEqual([]);
  expect(read).toBeGreaterThan(0);
});
