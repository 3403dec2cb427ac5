import { expect, it } from "vitest";
import { lookAlike } from "../../../src/data/table/look-alikes.js";

it.each([
  ["number", ["1,234.50", "9,999.00", "1,000,000"]],
  ["number", ["1.100.500,25", "2.000,00"]],
  ["number", ["$1.5", "$20", "-$3"]],
  ["number", ["37%", "4 %", "12.5 %"]],
  ["date", ["28.02.2025", "1.3.2025"]],
  ["date", ["01/03/2024", "31/12/24"]],
  [undefined, ["road", "air", "rail"]],
  [undefined, ["10.0.0.1", "192.168.0.17"]],
  [undefined, ["030 123456", "0171-555"]],
  [undefined, ["1,234.50", "call back", "unknown"]],
  [undefined, []],
] as const)("%s: %j", (wanted, texts) => {
  expect(lookAlike(texts)).toBe(wanted);
});
