import { expect, it } from "vitest";
import { csvCell, csvWriter } from "../../../src/data/written/csv-writer.js";
import { jsonLinesWriter } from "../../../src/data/written/row-writer.js";

it.each([
  ["CSV", csvWriter, "name,score\na,Infinity\nb,-Infinity\nc,\n"],
  [
    "JSON lines",
    jsonLinesWriter,
    '{"name":"a","score":"Infinity"}\n{"name":"b","score":"-Infinity"}\n{"name":"c","score":null}\n',
  ],
])("infinite scores are written as such in %s, and missing ones as missing", async (_, writer, wanted) => {
  let text = "";
  const columns = [
    { name: "name", type: "text" },
    { name: "score", type: "number" },
  ] as const;
  const rows = writer(columns, async (lines) => {
    text += lines;
  });
  await rows.add([
    ["a", Number.POSITIVE_INFINITY],
    ["b", Number.NEGATIVE_INFINITY],
    ["c", Number.NaN],
  ]);
  await rows.end();
  expect(text).toBe(wanted);
});

it.each([
  ["plain", "plain"],
  ["=1+1", "'=1+1"],
  ["+A1", "'+A1"],
  ["-A1", "'-A1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", "'\t=1"],
  ["-5.5", "-5.5"],
  ['="00017"', '"=""00017"""'],
  ['="1"&A1&"2"', `"'=""1""&A1&""2"""`],
  ["=A1,B1", `"'=A1,B1"`],
  ['say "hi"', '"say ""hi"""'],
])("a cell that is written is no formula: %j", (text, cell) => {
  expect(csvCell(text)).toBe(cell);
});
