import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { assembled, TARGET } from "../../scripts/assemble.js";

test("the code of fill.wat is what its text says; else `node --import tsx scripts/assemble.ts`", async () => {
  expect(readFileSync(TARGET, "utf8")).toBe(await assembled());
});
