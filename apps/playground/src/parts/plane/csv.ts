import { LARGEST_COORDINATE, MOST_POINTS } from "./config.js";

/** Largest file that is read, in bytes. */
export const LARGEST_CSV = 5_000_000;

/** Coordinates of points in hundredths: x, y, x, y, …; and what was done to them, in words. */
export type CsvPoints = Readonly<{ points: number[]; note: string }>;

/**
 * Two columns of numbers, the first two of each line, moved to mean 0 and scaled to a standard deviation of
 * 1.2 along the wider one. A first line without numbers is a heading; of more than a few thousand lines,
 * evenly many are taken.
 *
 * Throws an `Error` that names the line and what is wrong with it.
 */
export function parseCsv(text: string): CsvPoints {
  const lines = text.split(/\r\n?|\n/).map((line, i) => ({ line, number: i + 1 }));
  const filled = lines.filter(({ line }) => line.trim() !== "");
  if (filled.length === 0) throw new Error("The file is empty: it should hold two columns of numbers.");
  const cells = filled.map(({ line, number }) => ({ cells: line.split(/[,;\t]/), number }));
  if (cells[0]!.cells.every((cell) => toNumber(cell) === undefined)) cells.shift();
  const pairs = cells.map(({ cells: row, number }) => {
    if (row.length < 2)
      throw new Error(`Line ${number} has one column: two numbers are needed, with a comma between.`);
    return row.slice(0, 2).map((cell, column) => {
      const value = toNumber(cell);
      if (value !== undefined) return value;
      const found =
        cell.trim() === "" ? "is empty" : `holds “${cell.trim().slice(0, 40)}”, which is no number`;
      throw new Error(`Line ${number}: column ${column + 1} ${found}.`);
    }) as [number, number];
  });
  const stride = Math.ceil(pairs.length / MOST_POINTS);
  const taken = pairs.filter((_, i) => i % stride === 0);
  const count = taken.length;
  if (count < 20) throw new Error(`The file has ${count} points: 20 at least are needed.`);
  const mean = [0, 1].map((c) => taken.reduce((sum, pair) => sum + pair[c]!, 0) / count);
  const spread = Math.max(
    ...[0, 1].map((c) => Math.sqrt(taken.reduce((sum, pair) => sum + (pair[c]! - mean[c]!) ** 2, 0) / count)),
  );
  if (!(spread > 0 && Number.isFinite(spread)))
    throw new Error("All points are the same, or too far apart to scale.");
  const scale = 120 / spread;
  const inside = (value: number): boolean => Math.abs(value) <= LARGEST_COORDINATE;
  const moved = taken.map((pair) => pair.map((value, c) => Math.round((value - mean[c]!) * scale)));
  const points = moved.filter((pair) => pair.every(inside)).flat();
  const outside = count - points.length / 2;
  const parts = [
    `${points.length / 2} of ${pairs.length} points`,
    `moved by (${mean.map((m) => (-m).toPrecision(3)).join(", ")}) and scaled by ${(scale / 100).toPrecision(3)}`,
    ...(outside > 0 ? [`${outside} too far out were left away`] : []),
  ];
  return { points, note: `${parts.join("; ")}.` };
}

function toNumber(cell: string): number | undefined {
  const text = cell.trim();
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : undefined;
}
