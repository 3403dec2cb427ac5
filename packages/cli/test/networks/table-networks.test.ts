import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { flowify, type Network, type NetworkLayer } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { uniformFigure } from "../../src/baselines/uniform.js";
import { rowSet } from "../../src/data/image-set.js";
import { networkFor } from "../../src/networks/choose.js";
import { presetNames } from "../../src/networks/presets.js";
import { tableNetwork } from "../../src/networks/table-networks.js";
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
    [1, 4 / 3, Math.E, Math.PI, 7 ** 0.3][i % 5],
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
      0.459457,
      undefined,
    ]);
    expect(columns![4]).toBe("price is missing");
    expect(networkFor("table/couplings", mixed).description?.layers[0]).toEqual({
      kind: "dequantizeColumns",
      gaps: [2, 1, 7, 0.05, 1, 0, 0, 1],
      origins: [4, 0, -10, 0.4, 0, 0, 0, 0], // days count from the middle of their range
    });
  });

  it("share more normals behind splines out where there are codes", async () => {
    const waves = await setOf("x,y", (i) => `${Math.sin(i)},${Math.cos(i * i)}`);
    const behind = ({ description }: ReturnType<typeof networkFor>): string[] | null =>
      JSON.stringify(description).match(/"bins":32},{"kind":"gaussianMixture","components":\d+/g);
    expect(behind(networkFor("auto", waves))).toHaveLength(1);
    expect(behind(networkFor("auto", mixed))).toHaveLength(2);
  });

  it("by default give codes and numbers of few values probabilities, and the others a density given them", () => {
    const [front, row, ...others] = networkFor("auto", mixed).description!.layers;
    expect(front).toMatchObject({ kind: "dequantizeColumns", gaps: [0, 0, 0, 0.05, 0, 0, 0, 0] });
    expect(row).toMatchObject({ kind: "mixedRow", columns: [0, 1, 2, 4, 7], steps: [2, 1, 7, 1, 1] });
    expect(others).toEqual([]);
    const { edges, layers } = row as Extract<typeof row, { kind: "mixedRow" }>;
    const known = edges.slice(0, 3).reduce((sum, own) => sum + own.length - 1, 0); // prices that are missing have no place on the grid
    expect(layers[0]).toMatchObject({ kind: "piecewiseLinear", gaps: [0.05, 0, 0], known: [known, -1, -1] });
    // numbers have a place on each side for those that training did not have, codes one at the end
    expect(edges[0]).toEqual([-1197, 3, 5, 7, 9, 11, 13, 15, 1215]);
    expect(edges[3]).toEqual([-0.5, 0.5, 1.5]);
    expect(edges[4]).toEqual([-0.5, 0.5, 1.5, 2.5]);
  });

  it("give few numbers that are far apart a box each, and one between those that are no neighbours", async () => {
    const set = await setOf("fare,own,x", (i) => `${[5, 5.5, 20, 65][i % 4]},${i % 60},${Math.sin(i)}`);
    expect(set.schema?.columns.map(({ levels }) => levels)).toEqual([[5, 5.5, 20, 65], undefined, undefined]);
    const row = networkFor("auto", set).description!.layers.at(-1) as Extract<
      NetworkLayer,
      { kind: "mixedRow" }
    >;
    expect(row).toMatchObject({ columns: [0], steps: [0.5] });
    expect(row.edges[0]!.slice(1, -1)).toEqual([4.75, 5.25, 5.75, 19.75, 20.25, 64.75, 65.25]);
  });

  it("let each bend of the numbers depend on the codes, too: what does not loses their trends", () => {
    const layers = networkFor("auto", mixed).description!.layers;
    const kinds = JSON.parse(JSON.stringify(layers))
      .at(-1)
      .layers.at(-1)
      .members.map((member: { kind: string }[]) => member.map(({ kind }) => kind).join(" "));
    for (const bend of ["marginal", "actnorm asinh marginal"])
      expect(kinds).toContain(`${bend} conditionalAffine whiten`);
  });

  it("put numbers that fit in the place of noise, those that lack the fewest first", async () => {
    const set = await setOf(
      "a,b,c,d,kind",
      (i) =>
        `${Math.sin(i)},${i % 5 ? "" : Math.cos(i)},${i % 2 ? "" : Math.cos(i)},${i === 7 ? "" : Math.sin(i * i)},k${i % 3}`,
    );
    const [row] = networkFor("auto", set).description!.layers;
    // two codes each say whether b, c and d are missing, and four are of the kind
    const { layers } = row as Extract<typeof row, { kind: "mixedRow" }>;
    expect(layers[0]).toEqual({ kind: "impute", numbers: [2, 1], known: [2, 0] });
  });

  it("of categories and continuous numbers are exact", async () => {
    for (const head of ["shop", "amount,shop"]) {
      const set = await setOf(
        head,
        (i) => (head === "shop" ? "" : `${Math.sin(i)},`) + (i % 3 ? "web" : "shop"),
      );
      expect(flowify(networkFor("auto", set).description as Network).exact).toBe(true);
    }
  });

  it("let rare codes of many share a place, the more of them the less frequent they are", () => {
    const values = Array.from({ length: 150 }, (_, i) => `town ${i}`);
    const town = { name: "town", type: "category", use: "model", missing: 0, distinct: 150, values } as const;
    const edgesFor = (columns: number, rows = 900): number[] => {
      const schema = { version: 1 as const, rows, columns: new Array(columns).fill(town) };
      const text = JSON.stringify(tableNetwork("stack", columns, schema).layers);
      return JSON.parse(/"edges":\[(\[[^\]]*\])/.exec(text)![1]!);
    };
    expect(edgesFor(1).slice(31)).toEqual([30.5, 31.5, 63.5, 127.5, 149.5, 150.5]);
    expect(edgesFor(40).slice(4)).toEqual([3.5, 7.5, 15.5, 31.5, 63.5, 127.5, 149.5, 150.5]);
    // of many rows, fewer values share one
    expect(edgesFor(1, 3200).slice(99)).toEqual([98.5, 99.5, 149.5, 150.5]);
    expect(edgesFor(1, 4800)).toEqual(Array.from({ length: 152 }, (_, k) => k - 0.5));
    expect(edgesFor(6, 4800).slice(63)).toEqual([62.5, 63.5, 127.5, 149.5, 150.5]);
  });

  it("have many normals in few columns of many rows alone", () => {
    const number = { type: "continuous", use: "model", missing: 0, distinct: 900 } as const;
    const range = { least: 0, most: 1, mean: 0.5, std: 0.3 };
    const normals = (rows: number, columns: number): boolean => {
      const named = Array.from({ length: columns }, (_, i) => ({ ...number, range, name: `c${i}` }));
      const { layers } = tableNetwork("stack", columns, { version: 1, rows, columns: named });
      return JSON.stringify(layers).includes('"components":24');
    };
    expect([normals(2000, 3), normals(200, 3), normals(2000, 4)]).toEqual([true, false, false]);
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
        expect([flow.inShape, flow.exact]).toEqual([set.shape, name === "table/stack" && set === one]);
      }
    },
  );

  it("are compared with a uniform distribution over the values of the grid", async () => {
    const set = await setOf("six,x", (i) => `${6 * (i % 5)},${Math.sin(i)}`);
    const { description } = networkFor("auto", set);
    expect(uniformFigure(set) - uniformFigure(set, description)).toBeCloseTo(Math.log(6), 9);
  });
});
