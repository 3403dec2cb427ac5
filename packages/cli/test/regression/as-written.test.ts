import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { csvWriter } from "../../src/data/written/csv-writer.js";
import { jsonLinesWriter } from "../../src/data/written/row-writer.js";
import { predictedColumn } from "../../src/regression/predicted-cells.js";
import { Predictive } from "../../src/regression/predictive.js";
import { readRows } from "../../src/tables/read-rows.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();

it("dates and times are predicted as the table writes them, amounts as numbers", async () => {
  const path = join(root, "stops.csv");
  const two = (part: number): string => String(part).padStart(2, "0");
  const lines = Array.from(
    { length: 60 },
    (_, i) => `${two(6 + (i % 12))}:${two(i)};${two(1 + (i % 28))}.${two(1 + (i % 12))}.2024;${i},50 €`,
  );
  writeFileSync(path, ["arrives;day;paid", ...lines, ""].join("\n"));
  const { schema } = await readRows(path);
  const drawn = {
    arrives: [7 * 3600, 8 * 3600 + 60],
    day: [Date.UTC(2024, 2, 9), Date.UTC(2024, 2, 11)].map((time) => time / 86_400_000),
    paid: [8.5, 10.5],
  };
  const written = async (writer: typeof jsonLinesWriter) => {
    let text = "";
    const parts = Object.entries(drawn).map(([name, values]) => {
      const { origin = 0 } = schema.columns.find((column) => column.name === name) ?? {};
      const { columns, cells } = predictedColumn({ schema, predict: [name], given: [] }, name, [], false, {
        quantiles: [],
      });
      const predictive = new Predictive(Float64Array.from(values, (value) => value - origin));
      return { columns, cells: cells(predictive, Number.NaN, Number.NaN) };
    });
    const rows = writer(
      parts.flatMap(({ columns }) => columns),
      async (piece) => {
        text += String(piece);
      },
    );
    await rows.add([parts.flatMap(({ cells }) => cells)]);
    await rows.end();
    return text;
  };
  expect(await written(csvWriter)).toBe(
    "arrives mean,arrives median,day median,paid mean,paid median\n07:31,07:00,09.03.2024,9.5,8.5\n",
  );
  expect(JSON.parse(await written(jsonLinesWriter))).toEqual({
    "arrives mean": 27_060,
    "arrives median": 25_200,
    "day median": "2024-03-09",
    "paid mean": 9.5,
    "paid median": 8.5,
  });
});
