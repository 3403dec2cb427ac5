import { expect, it } from "vitest";
import { compactDates, hintOf, lookAlike } from "../../../src/data/table/look-alikes.js";

it.each([
  ["number", ["1,234.50", "9,999.00", "1,000,000"]],
  ["number", ["1.100.500,25", "2.000,00"]],
  ["number", ["$1.5", "$20", "-$3"]],
  ["number", ["37%", "4 %", "12.5 %"]],
  ["date", ["28.02.2025", "1.3.2025"]],
  ["date", ["01/03/2024", "31/12/24"]],
  ["number", ["4,257.95", "93.46", "5.10", "812"]],
  ["number", ["6,10", "912,82", "7"]],
  ["number", ["(3.21)", "($1,234.50)", "17.30"]],
  ["number", ["17:53", "4:05", "11:30 PM", "12:00:00"]],
  ["date", ["3/25/2023 4:53", "12/1/2023 16:05"]],
  ["date", ["2023/10/16", "2023/1/6", "2023-10-17"]],
  ["date", ["2023-10-16 4:53", "2023-10-16 14:53"]],
  ["date", ["21-Mar-2023", "1-Dec-2023"]],
  ["date", ["Mar 21, 2023", "Tue 5 September 2023", "3. Mai 2023"]],
  [undefined, ["5.10", "7", "812"]],
  [undefined, ["2023-10-16", "2023-10-17"]],
  [undefined, ["21-Mat-2023", "marble 5", "3/4"]],
  [undefined, ["road", "air", "rail"]],
  [undefined, ["10.0.0.1", "192.168.0.17"]],
  [undefined, ["030 123456", "0171-555"]],
  [undefined, ["1,234.50", "call back", "unknown"]],
  [undefined, []],
] as const)("%s: %j", (wanted, texts) => {
  expect(lookAlike(texts)?.looksLike).toBe(wanted);
});

it.each([
  [["3/25/2023 4:53"], "dates; write 2025-02-28 16:30 for them to be dates"],
  [["2023/10/16"], "dates; write 2025-02-28 for them to be dates"],
  [["17:53"], "times; write 16:30:00, which is a number of seconds, for them to be times"],
  [
    ["(3.21)", "6,10"],
    "numbers; write -3.21 in place of (3.21), and 6.10 in place of 6,10 for them to be numbers",
  ],
] as const)("%j have a hint", (texts, hint) => {
  expect(hintOf(lookAlike([...texts, ...texts])!, "texts")).toBe(`the texts look like ${hint}`);
});

it.each([
  [["20061216", "20070101", "19991231"], "2006-12-16 in place of 20061216"],
  [["20061216", "20070230"], undefined],
  [["20061316", "21010101"], undefined],
  [["20061216"], undefined],
] as const)("whole numbers that are days: %j", (texts, write) => {
  expect(compactDates(texts)?.write).toBe(write);
});
