import { expect, it } from "vitest";
import { applied, mutationsOf } from "../../scripts/mutations.js";

const changed = (text: string): string[] => mutationsOf(text).map((each) => applied(text, each));

it("changes one sign, factor or comparison at a time", () => {
  expect(changed("x.add(y).mul(-2 * n)")).toEqual([
    "x.sub(y).mul(-2 * n)",
    "x.add(y).div(-2 * n)",
    "x.add(y).mul(2 * n)",
    "x.add(y).mul(-2 / n)",
  ]);
  expect(changed("const y = raw.ref.neg().sub(a < b ? 1 : 0);")).toEqual([
    "const y = raw.ref.sub(a < b ? 1 : 0);",
    "const y = raw.ref.neg().add(a < b ? 1 : 0);",
    "const y = raw.ref.neg().sub(a >= b ? 1 : 0);",
  ]);
});

it("leaves texts as they are", () => {
  expect(changed('const name = "a" + b; // a + b')).toEqual([]);
  expect(changed("import { add } from './add.js';")).toEqual([]);
});
