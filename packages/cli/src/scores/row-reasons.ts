import { joined } from "@flowify/core/internal";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { repairText, type TableReasoner, type TableReasons } from "../detect/reasons/table-reasons.js";
import { valueAt } from "../places.js";
import { table } from "../ui/format.js";

/** Flagged rows that the terminal shows, and letters of a cell. */
const SHOWN = { rows: 5, letters: 48 } as const;

/** A row that was flagged: its place among those that were scored with it, its score and p-value, and its numbers. */
type FlaggedRow = Readonly<{
  place: number;
  name: string;
  score: number;
  p: number;
  row: Float32Array;
}>;

/** A line about a flagged row, and its score. */
export type WorstRow = Readonly<{ score: number; line: string[] }>;

/** The reasons of flagged rows as cells of a table. */
export type ReasonCells = Readonly<{
  /** For each of `count` rows that were scored together; null for those that were not flagged. */
  cells(flagged: readonly FlaggedRow[], count: number): Promise<(string | null)[][]>;
  /** The rows of the highest scores so far. */
  worst(): readonly WorstRow[];
}>;

/** The columns of the output for `most` reasons of a table with so many columns. */
export const reasonColumns = (columns: number, most: number): WrittenColumn[] =>
  [
    ...placesOf(columns, most).flatMap((i) => [`reason_${i + 1}`, `reason_${i + 1}_value`]),
    "repair",
    "nearest",
  ].map((name) => ({ name, type: "text", nullable: true }));

const placesOf = (columns: number, most: number): number[] =>
  Array.from({ length: Math.min(most, columns) }, (_, i) => i);

/**
 * For `flowify score`: the columns to blame with their values, the smallest repair, the nearest training rows.
 *
 * @param before the rows of the highest scores among those that were scored before
 */
export function reasonCells(
  { columns, reasonsOf }: TableReasoner,
  most: number,
  before: readonly WorstRow[] = [],
): ReasonCells {
  const places = placesOf(columns.length, most);
  const none = reasonColumns(columns.length, most).map(() => null);
  let worst = [...before];
  return {
    async cells(flagged, count) {
      const found = await reasonsOf(joined(flagged.map(({ row }) => row)));
      const cells = Array.from({ length: count }, (): (string | null)[] => [...none]);
      found.forEach((reasons, i) => {
        const row = valueAt(flagged, i);
        cells[row.place] = [
          ...places.flatMap((at) => [reasons.blamed[at]?.name, reasons.blamed[at]?.value]),
          repairText(reasons),
          reasons.nearest.join("; "),
        ].map((text) => text || null);
        worst.push({ score: row.score, line: lineOf(row, reasons, places.length) });
      });
      worst = worstOf(worst);
      return cells;
    },
    worst: () => worst,
  };
}

const worstOf = (rows: readonly WorstRow[]): WorstRow[] =>
  [...rows].sort((a, b) => b.score - a.score).slice(0, SHOWN.rows);

/** The reasons of the rows of the highest scores, a line each. */
export const worstLines = (rows: readonly WorstRow[]): string[] =>
  rows.length === 0
    ? []
    : table([
        ["row", "p-value", "columns to blame", "smallest repair", "nearest training rows"],
        ...worstOf(rows).map(({ line }) => line),
      ]);

const short = (text: string): string =>
  text.length > SHOWN.letters ? `${text.slice(0, SHOWN.letters - 1)}…` : text;

const lineOf = ({ name, p }: FlaggedRow, reasons: TableReasons, most: number): string[] =>
  [
    name,
    p.toPrecision(2),
    reasons.blamed
      .slice(0, most)
      .map((each) => `${each.name} ${each.value}`)
      .join(", "),
    repairText(reasons) || "none found",
    reasons.nearest.join(", "),
  ].map(short);
