import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembled, module } from "../../scripts/assemble.js";

it("the code of eigen.wat is what its text says; else `node --import tsx scripts/assemble.ts`", async () => {
  expect(readFileSync(module, "utf8")).toBe(await assembled());
});
