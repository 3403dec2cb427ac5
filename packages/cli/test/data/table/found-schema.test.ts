import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { number } from "../../../src/tables/columns/number.js";
import { schemaOf, tableFiles } from "./table-files.js";

const write = tableFiles();

const typesOf = async (path: string) =>
  Object.fromEntries((await schemaOf(path)).columns.map(({ name, type }) => [name, type]));

describe("the schema of a table", () => {
  const values = (row: (i: number) => string, count = 60) =>
    Array.from({ length: count }, (_, i) => row(i)).join("\n");

  it("finds the type of each column", async () => {
    const path = write(
      "types.csv",
      `id,size,items,paid,shop,day,note,unit\n${values(
        (i) =>
          `X${i},${Math.sin(i)},${(i * 7) % 5},${i % 3 ? "yes" : "no"},${"NSW"[i % 3]},2024-02-${10 + (i % 15)},text ${i >> 1},kg`,
      )}`,
    );
    expect(await typesOf(path)).toEqual({
      id: "identifier",
      size: "continuous",
      items: "integer",
      paid: "boolean",
      shop: "category",
      day: "date",
      note: "text",
      unit: "constant",
    });
  });

  it("takes a column that counts the rows for an identifier, and others of whole numbers not", async () => {
    const path = write(
      "count.csv",
      `n,m,customer_id\n${values((i) => `${i},${(i * 37) % 61},${(i * 53) % 61}`)}`,
    );
    expect(await typesOf(path)).toEqual({ n: "identifier", m: "integer", customer_id: "identifier" });
  });

  it("counts what is missing, and finds steps and spikes", async () => {
    const path = write(
      "gaps.csv",
      `x,y\n${values((i) => `${i % 2 ? 0 : ((i * 7) % 20) / 10},${i % 4 ? i * i : "NA"}`)}`,
    );
    const [x, y] = (await schemaOf(path)).columns;
    expect(x?.gap).toBeCloseTo(0.2, 10);
    expect(x?.spikes?.[0]).toEqual({ value: "0", share: 33 / 60 });
    expect([y?.type, y?.missing, y?.distinct]).toEqual(["integer", 15, 45]);
  });

  it("tells values of their own from values of a scale, however many rows there are", async () => {
    const rng = makeRng(5);
    for (const count of [300, 3000]) {
      const rows = Array.from({ length: count }, (_, i) => [
        i % 5 < 3 ? 0 : Math.exp(rng.normal()), // an amount, mostly zero
        i % 5 === 0 ? "" : i % 4 === 0 ? 99.9 : rng.normal(), // a cap, and missing ones
        1 + rng.integer(9) / 2, // stars
      ]);
      const path = write(
        `atoms-${count}.csv`,
        `amount,capped,stars\n${rows.map((row) => row.join()).join("\n")}\n`,
      );
      const [amount, capped, stars] = (await schemaOf(path)).columns;
      expect([amount?.atoms, amount?.gap, amount?.type]).toEqual([[0], 0, "continuous"]);
      expect([capped?.atoms, capped?.gap]).toEqual([[99.9], 0]);
      expect([stars?.atoms, stars?.gap]).toEqual([undefined, 0.5]);
    }
  });

  it("take no top of a smooth distribution for values of their own, but zeros on top of it", async () => {
    const rng = makeRng(6);
    // two exponential distributions: 0 and 1 come often, and up to 100 other values rarely
    const count = (): number => Math.floor(-(rng.uniform() < 0.5 ? 2 : 20) * Math.log(1 - rng.uniform()));
    const rows = Array.from({ length: 2000 }, () => [
      count(),
      rng.uniform() < 0.5 ? 0 : count(),
      rng.uniform() < 0.7 ? rng.integer(2) : count(), // two that are next to each other
    ]);
    const path = write("counts.csv", `count,zeros,both\n${rows.map((row) => row.join()).join("\n")}\n`);
    const [smooth, zeros, both] = (await schemaOf(path)).columns;
    expect(smooth!.spikes!.length).toBeGreaterThan(0);
    expect([smooth!.atoms, smooth!.gap]).toEqual([undefined, 1]);
    expect([zeros!.atoms, zeros!.gap]).toEqual([[0], 1]);
    expect(new Set(both!.atoms)).toEqual(new Set([0, 1]));
  });

  it("finds the step of whole numbers that were scaled, and no step of numbers that are rounded to some digits", async () => {
    const rng = makeRng(7);
    const rows = Array.from({ length: 400 }, () => [
      (rng.integer(2) - 0.46) / 0.4984, // shares of 0 and 1, less their mean
      (rng.integer(40) - 19.7) / 11.53,
      [0.1371829371923, 0.4411298371291, 0.5098123098123][rng.integer(3)], // rates of three groups
      rng.normal().toPrecision(4),
    ]);
    const path = write("scaled.csv", `flag,age,rate,measured\n${rows.map((row) => row.join()).join("\n")}\n`);
    const [flag, age, rate, measured] = (await schemaOf(path)).columns;
    expect([flag?.gap, age?.gap, rate?.uneven]).toEqual([
      expect.closeTo(1 / 0.4984, 9),
      expect.closeTo(1 / 11.53, 9),
      undefined,
    ]);
    expect([flag?.levels?.length, age?.levels, rate?.levels?.length]).toEqual([2, undefined, 3]);
    expect([0.9, -3].map((x) => number.decode(flag!, x - (flag!.origin ?? 0)))).toEqual([
      flag!.range!.most,
      flag!.range!.least,
    ]);
    expect([measured?.gap, measured?.cycle, measured?.digits]).toEqual([0, undefined, 4]);
    expect(number.decode(measured!, Math.fround(0.00123456))).toBe(0.001235);
  });

  it("says where numbers are mixed with text, the first five", async () => {
    const path = write("mixed.csv", `x\n${values((i) => (i % 20 === 3 ? `~${i}` : `${i / 3}`))}`);
    const [x] = (await schemaOf(path)).columns;
    expect([x?.type, x?.problem]).toEqual([
      "mixed",
      'most cells hold a number, but row 4 holds "~3"; row 24 holds "~23"; row 44 holds "~43"',
    ]);
  });

  it("says how to write what looks like numbers and dates: texts, whole numbers, and some cells among numbers", async () => {
    const path = write(
      "alike.csv",
      `paid,owed,day,left\n${values((i) => `"${i % 5 ? "$4,2" : ""}${10 + i}.95",${i % 20 ? i / 3 : `(${i}.5)`},200612${10 + (i % 20)},x`)}`,
    );
    const [paid, owed, day, left] = (await schemaOf(path)).columns;
    expect([paid?.looksLike, paid?.hint]).toEqual([
      "number",
      "the texts look like numbers; write 1234.5 without groups and signs for them to be numbers",
    ]);
    expect([paid?.type, paid?.range]).toEqual(["identifier", undefined]); // some of its texts are plain numbers
    expect(owed?.problem).toBe(
      'most cells hold a number, but row 1 holds "(0.5)"; row 21 holds "(20.5)"; row 41 holds "(40.5)"; write -3.21 in place of (3.21)',
    );
    expect([day?.type, day?.hint]).toEqual([
      "integer",
      "the numbers look like dates; write 2006-12-10 in place of 20061210 for them to be dates",
    ]);
    expect([left?.hint, owed?.hint]).toEqual([undefined, undefined]);
  });

  it.each(["Infinity", "-inf", "1e39"])("says where a number is out of range: %s", async (bad) => {
    const path = write("range.csv", `x\n1\n2\n${bad}\n4\n`);
    const [x] = (await schemaOf(path)).columns;
    expect(x?.problem).toContain(`row 3 holds "${bad}": numbers must be finite`);
  });

  it("knows only dates that there are", async () => {
    const path = write("dates.csv", `d\n${values((i) => `2024-02-${i === 7 ? "30" : 10 + (i % 19)}`)}`);
    expect((await typesOf(path)).d).toBe("mixed");
  });
});
