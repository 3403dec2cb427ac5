import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assembled, moduleOf, TEXTS } from "../../scripts/assemble.js";

it.each(TEXTS)(
  "the code of %s.wat is what its text says; else `node --import tsx scripts/assemble.ts`",
  async (name) => {
    expect(readFileSync(moduleOf(name), "utf8")).toBe(await assembled(name));
  },
);
