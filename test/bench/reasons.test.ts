import { expect, it } from "vitest";
import { shareOf, swapOneColumn } from "../../bench/reasons.js";

it("swaps one value of each row with that of another row of the same column", () => {
  const [width, count] = [4, 300];
  const rows = Float32Array.from(
    { length: width * count },
    (_, i) => 1000 * (i % width) + Math.floor(i / width),
  );
  const { swapped, columns } = swapOneColumn(rows, width, 0);
  expect(columns).toHaveLength(count);
  const changed = Array.from(swapped.keys()).filter((i) => swapped[i] !== rows[i]);
  expect(changed.every((i) => columns[Math.floor(i / width)] === i % width)).toBe(true);
  expect(Array.from(swapped, (value) => Math.floor(value / 1000))).toEqual(
    Array.from(swapped, (_, i) => i % width),
  );
  // a row may get its own value, once in 300 times
  expect(count - changed.length).toBeLessThan(8);
  for (let column = 0; column < width; column++) {
    const times = columns.filter((each) => each === column).length;
    expect(Math.abs(times - count / width)).toBeLessThan(4 * Math.sqrt((count * 3) / 16));
  }
});

it("counts how often the swapped column is first, and among three", () => {
  const ranks = [
    [2, 0, 1, 3],
    [0, 1, 2, 3],
    [3, 1, 0, 2],
    [1, 0, 2, 3],
  ];
  expect(shareOf(ranks, [2, 3, 0, 0])).toEqual({ rows: 4, first: 25, three: 75 });
});
