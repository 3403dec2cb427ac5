import { expect, test } from "vitest";
import { pointsOf, readTable } from "../src/tabs/plane/csv.js";

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

test("of five columns those of numbers are offered by their names, and the first two that vary are taken", () => {
  const table = readTable(
    `"name, full",id,same,height,weight\n${lines(40, (i) => `"a, ${i}",${i},7,${1e-3 * i},${1e6 + i * i}`)}`,
  );
  expect(table.columns.map(({ name }) => name)).toEqual(["name, full", "id", "same", "height", "weight"]);
  expect(table.numeric).toEqual([1, 2, 3, 4]);
  expect(table.first).toEqual([1, 3]);
  const { points, axes } = pointsOf(table, [3, 4]);
  for (const c of [0, 1]) {
    const values = points.filter((_, i) => i % 2 === c);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(1);
    expect(Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)).toBeCloseTo(120, -0.5);
  }
  // back in the units of the file
  expect(axes.map(({ name }) => name)).toEqual(["height", "weight"]);
  expect(axes[0].mean + (axes[0].unit * points[0]!) / 100).toBeCloseTo(0, 3);
  expect(axes[1].mean + (axes[1].unit * points.at(-1)!) / 100).toBeCloseTo(1e6 + 39 ** 2, -1.5);
  expect(() => pointsOf(table, [1, 2])).toThrow("same has the same value in every line");
});

test("semicolons, decimal commas, tabs, a byte order mark and lines without numbers are understood", () => {
  const german = readTable(`\uFEFFx;y\r\n${lines(30, (i) => `${i},5;${-i},25\r`)}`);
  expect(german.columns.map(({ values }) => values[3])).toEqual([3.5, -3.25]);
  const gaps = readTable(`a\tb\n${lines(30, (i) => (i === 4 ? "NA\t1" : `${i}\t${i * i}`))}\n\n`);
  const { points, note } = pointsOf(gaps, gaps.first);
  expect(points.length).toBe(58);
  expect(note).toContain("1 lines without two numbers were left out. Line 6: column 1 (a) holds “NA”");
});

test.each([
  ["", "The file is empty"],
  ["\n \n", "The file is empty"],
  ["1\n2\n", "Line 1 has one column"],
  ["a,b\nx,y\n", "no columns of numbers (a, b), expected at least two"],
  [lines(30, (i) => `${i},a`), "one column of numbers"],
  ["1,2\n3,4\n5,6\n", "The file has 3 points, expected at least 20"],
  ["x,y\n1,2\n3,\n", "Line 3: column 2 (y) is empty"],
  [lines(30, (i) => `${i},1e${280 + i}`), "too large to scale"],
])("%j is refused in words", (text, words) => {
  expect(() => {
    const table = readTable(text);
    pointsOf(table, table.first);
  }).toThrow(words);
});
