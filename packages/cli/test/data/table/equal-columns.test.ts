import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fit } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { tableCells, tableFlow } from "../../../src/table-flow.js";
import { tableColumns } from "../../../src/tables/columns/kinds.js";
import { encodedRows } from "../../../src/tables/flow-rows.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();

/** A table of some columns, each a function of the row and of random numbers. */
function table(
  head: string,
  cellsOf: (uniform: () => number, row: number) => unknown[],
  count = 400,
): string {
  const rng = makeRng(3);
  const path = join(root, `${head.replaceAll(",", "-")}.csv`);
  const rows = Array.from({ length: count }, (_, row) => cellsOf(() => rng.uniform(), row).join(","));
  writeFileSync(path, [head, ...rows, ""].join("\n"));
  return path;
}

const whole = (value: number): number => Math.floor(value);

/** Net amounts, of two in five those before tax, and the others more; one in ten is missing in both. */
const amounts = table("gross,net", (uniform) => {
  const net = whole(1e6 * uniform() ** 3) + 1;
  if (uniform() < 0.1) return ["", ""];
  return [uniform() < 0.4 ? net : net + 1 + whole(1e5 * uniform()), net];
});

const equalsOf = async (path: string) => {
  const { schema } = await readRows(path);
  return Object.fromEntries(schema.columns.flatMap(({ name, equals }) => (equals ? [[name, equals]] : [])));
};

it("a column that is another one in many rows, and never less, is measured from that", async () => {
  const { gross, ...others } = await equalsOf(amounts);
  expect(others).toEqual({});
  expect(gross).toMatchObject({ column: "net", above: { least: expect.any(Number) } });
  expect(Math.abs((gross?.share ?? 0) - 0.36)).toBeLessThan(0.1);
  expect(gross?.above?.least).toBeGreaterThanOrEqual(1);
});

it.each([
  [
    "days of a journey",
    (u: () => number, day = whole(900 * u())) => [day, u() < 0.3 ? day : whole(900 * u())],
  ],
])("%s are equal without an order", async (_, cells) => {
  const found = await equalsOf(table("last,first", (uniform) => cells(uniform)));
  expect(Object.values(found)).toEqual([{ column: expect.any(String), share: expect.any(Number) }]);
});

it.each([
  ["numbers of few different values", (u: () => number) => [whole(30 * u() ** 4), whole(30 * u() ** 4)]],
  ["a copy", (u: () => number, x = u()) => [x, x]],
  ["differences that are small", (u: () => number, x = 500 * u()) => [whole(x), whole(x + 3 * u())]],
] as const)("%s: no column has the value of another one", async (what, cells) => {
  const head = `${what.replaceAll(" ", "")},other`;
  expect(await equalsOf(table(head, (uniform) => cells(uniform)))).toEqual({});
});

it.each([
  ["amounts", amounts],
  [
    "dates",
    table("delivered,ordered", (uniform) => {
      const at = (day: number): string => new Date(8.64e7 * day).toISOString().slice(0, 10);
      const ordered = 19_000 + whole(2000 * uniform());
      return [at(uniform() < 0.3 ? ordered : ordered + 1 + whole(30 * uniform())), at(ordered)];
    }),
  ],
])("rows of a flow have the cells of the file: %s", async (_, path) => {
  const { rows, encoded, schema } = await readRows(path);
  expect(schema.columns.filter(({ equals }) => equals?.above)).toHaveLength(1);
  const again = encodedRows(tableColumns(schema), rows);
  const rounded = Array.from(again, (value) => Math.round(value) + 0);
  expect(rounded).toEqual(Array.from(encoded));
});

it("samples are equal as often, and never less", async () => {
  const { schema, rows, count } = await readRows(amounts);
  const flow = tableFlow(schema, { network: "gaussian" });
  const model = await fit(flow, { examples: rows, count }, { steps: 1, seed: 7 });
  const cells = tableCells(schema, await model.sampleFlat(4000, { seed: 1 }));
  await model.dispose();
  const both = cells.flatMap(({ gross, net }) =>
    gross === null || net === null ? [] : [Number(gross) - Number(net)],
  );
  expect(both.length).toBeGreaterThan(2000);
  expect(Math.min(...both)).toBeGreaterThanOrEqual(0);
  const equal = both.filter((more) => more === 0).length / both.length;
  expect(Math.abs(equal - 0.4)).toBeLessThan(0.12);
});
