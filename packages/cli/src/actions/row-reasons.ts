import { type FlowModel, UsageError } from "@flowify/core";
import { repairText, type TableReasons, tableReasoner } from "../detect/reasons/table-reasons.js";
import { table } from "../ui/table.js";
import type { SavedRun } from "./open-run.js";

/** Flagged rows that the terminal shows, and letters of a cell. */
const SHOWN = { rows: 5, letters: 48 } as const;

/** A row that was flagged: its place among those that were scored with it, its p-value, and its numbers. */
export type FlaggedRow = Readonly<{
  place: number;
  name: string;
  p: number;
  logProb: number;
  row: Float32Array;
}>;

/** The reasons of flagged rows as cells of a table. */
export type ReasonCells = Readonly<{
  /** Names of the cells. */
  fields: readonly string[];
  /** For each of `count` rows that were scored together; empty texts for those that were not flagged. */
  cells(flagged: readonly FlaggedRow[], count: number): Promise<string[][]>;
  /** The reasons of the most unlikely rows so far, a line each. */
  lines(): string[];
}>;

/**
 * Reasons of the rows that are flagged, for `flowify score`: the columns to blame with their values, the smallest repair, the
 * nearest training rows.
 *
 * @throws UsageError without a judge; the errors of `tableReasoner`
 */
export async function flaggedReasons(
  model: FlowModel,
  { config }: Pick<SavedRun, "config">,
  most: number,
  judge: ((score: number) => readonly [p: number, flag: number]) | undefined,
): Promise<ReasonCells> {
  if (!judge)
    throw new UsageError(
      "--reasons is for tables that a run of a table scores whole\nleave it out, or leave --split out",
    );
  const isUsual = (logProb: number): boolean => judge(-logProb)[1] === 0;
  const { columns, reasonsOf } = await tableReasoner(model, config.data);
  const places = Array.from({ length: Math.min(most, columns.length) }, (_, i) => i);
  const fields = [
    ...places.flatMap((i) => [`reason_${i + 1}`, `reason_${i + 1}_value`]),
    "repair",
    "nearest",
  ];
  const worst: { flagged: FlaggedRow; reasons: TableReasons }[] = [];
  return {
    fields,
    async cells(flagged, count) {
      const rows = Float32Array.from(flagged.flatMap(({ row }) => [...row]));
      const own = flagged.map(({ logProb }) => logProb);
      const found = await reasonsOf(rows, own, isUsual);
      const cells = Array.from({ length: count }, () => fields.map(() => ""));
      found.forEach((reasons, i) => {
        cells[flagged[i]!.place] = [
          ...places.flatMap((at) => [reasons.blamed[at]?.name ?? "", reasons.blamed[at]?.value ?? ""]),
          repairText(reasons),
          reasons.nearest.join("; "),
        ];
        worst.push({ flagged: flagged[i]!, reasons });
      });
      worst.sort((a, b) => a.flagged.logProb - b.flagged.logProb).splice(SHOWN.rows);
      return cells;
    },
    lines: () =>
      worst.length === 0
        ? []
        : table([
            ["row", "p-value", "columns to blame", "smallest repair", "nearest training rows"],
            ...worst.map(({ flagged, reasons }) => lineOf(flagged, reasons, places.length)),
          ]),
  };
}

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
