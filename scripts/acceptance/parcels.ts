import { makeRng } from "@flowify/core/layer";

/** The columns of rows: texts, or numbers with null where one is missing. */
export type DetectorColumns = Readonly<Record<string, readonly (string | number | null)[]>>;

const DAY = 86_400_000;

/** Parcels like those of docs/tables.md: a name, a date, a number, a number that may be missing, a text. */
export function parcels(count: number, seed: number, isOdd: (row: number) => boolean = () => false): string {
  const rng = makeRng(seed);
  const lines = Array.from({ length: count }, (_, row) => {
    const length = 30 + 6 * rng.normal();
    const weight = isOdd(row) ? 14 - 0.3 * length : 0.3 * length + 0.5 * rng.normal();
    const day = `2024-03-${String(1 + rng.integer(28)).padStart(2, "0")}`;
    const shown = rng.uniform() < 0.03 ? "" : weight.toFixed(2);
    const carrier = rng.uniform() < 0.8 ? "road" : "air";
    return `P${seed}${row},${day},${length.toFixed(1)},${shown},${carrier}`;
  });
  return `parcel,day,length,weight,carrier\n${lines.join("\n")}\n`;
}

/** The cells of a CSV file without quotes, below its first line. */
export const cellsOf = (text: string): string[][] =>
  text
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));

/** The columns of a detector's graph, without flowify. */
export function columnsOf(text: string): DetectorColumns {
  const cells = cellsOf(text);
  const column = <T>(at: number, take: (cell: string) => T): T[] => cells.map((row) => take(row[at]!));
  const number = (cell: string): number | null => (cell === "" ? null : Number(cell));
  return {
    day: column(1, (cell) => Date.parse(cell) / DAY),
    length: column(2, number),
    weight: column(3, number),
    carrier: column(4, String),
  };
}
