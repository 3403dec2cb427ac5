import { expect, it } from "vitest";
import { csvWriter } from "../../../src/data/written/csv-writer.js";
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
