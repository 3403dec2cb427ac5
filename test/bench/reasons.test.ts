import { expect, it } from "vitest";
import { shareOf, swapOneColumn } from "../../bench/reasons.js";

it("swaps one value of each row with that of another row of the same column", () => {
  const [width, count] = [4, 300];
  const rows = Float32Array.from({ length: width * count }, (_, i) => 1000 * (i % width) + Math.floor(i / width));
  const { swapped, columns } = swapOneColumn(rows, width, 0);
  expect(columns).toHaveLength(count);
  let same = 0;
  for (let i = 0; i < width * count; i++) {
    const [row, column] = [Math.floor(i / width), i % width];
    expect(Math.floor(swapped[i]! / 1000)).toBe(column);
    if (columns[row] !== column) expect(swapped[i]).toBe(rows[i]);
    else if (swapped[i] === rows[i]) same++;
  }
  // a row may get its own value, once in 300 times
  expect(same).toBeLessThan(8);
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
