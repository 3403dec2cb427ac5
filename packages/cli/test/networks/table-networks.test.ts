import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { flowify, type Network } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { uniformFigure } from "../../src/baselines/uniform.js";
import { rowSet } from "../../src/data/image-set.js";
import { networkFor } from "../../src/networks/choose.js";
import { presetNames } from "../../src/networks/presets.js";
import { readRows } from "../../src/tables/read-rows.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();

/** Multiples of 2 and 3, of a week, of a twentieth, of nothing, and codes. */
const line = (i: number): string =>
  [
    4 + [0, 4, 10][i % 3]!,
    [0, 2, 5][i % 3],
    `2024-01-${String(1 + 7 * (i % 4)).padStart(2, "0")}`,
    i % 5 === 2 ? "" : 0.4 + 0.05 * (i % 7),
    Math.sin(i),
    [1, 4 / 3, Math.PI][i % 3],
    i % 3 ? "web" : "shop",
  ].join(",");

async function setOf(head: string, row: (i: number) => string) {
  const path = join(root, `${head.length}.csv`);
  writeFileSync(path, `${head}\n${Array.from({ length: 60 }, (_, i) => row(i)).join("\n")}\n`);
  const { rows, names, schema } = await readRows(path);
  return rowSet({ name: "rows", split: "train", rows, shape: [names.length], columns: names, schema });
}

const mixed = await setOf("even,whole,week,price,size,odd,shop", line);

describe("the networks for tables", () => {
  it("begin with noise for the columns on a grid: the greatest step of which all values are multiples", () => {
    const { schema, columns } = mixed;
    expect(schema?.columns.map(({ gap }) => gap && Number(gap.toFixed(6)))).toEqual([
      2,
      1,
      7,
      0.05,
      0,
      1.808259,
      undefined,
    ]);
    expect(columns![4]).toBe("price is missing");
    expect(networkFor("auto", mixed).description?.layers[0]).toEqual({
      kind: "dequantizeColumns",
      gaps: [2, 1, 7, 0.05, 1, 0, 0, 1],
      origins: [4, 0, -10, 0.4, 0, 0, 0, 0], // days count from the middle of their range
    });
  });

  it("have none where every column is continuous, and are exact", async () => {
    const set = await setOf("a,b", (i) => `${Math.sin(i)},${Math.cos(i * i)}`);
    const { description } = networkFor("table/couplings", set);
    expect(flowify(description as Network).exact).toBe(true);
  });

  it.each(presetNames.filter((name) => name.startsWith("table/")))(
    "%s fits one column and many",
    async (name) => {
      const one = await setOf("items", (i) => String(i % 4));
      for (const set of [mixed, one]) {
        const flow = flowify(networkFor(name, set).description as Network);
        expect([flow.inShape, flow.exact]).toEqual([set.shape, false]);
      }
    },
  );

  it("are compared with a uniform distribution over the values of the grid", async () => {
    const set = await setOf("six,x", (i) => `${6 * (i % 5)},${Math.sin(i)}`);
    const { description } = networkFor("auto", set);
    expect(uniformFigure(set) - uniformFigure(set, description)).toBeCloseTo(Math.log(6), 9);
  });
});
