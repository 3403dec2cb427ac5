import type { LedgerEntry } from "@flowify/core/internal";
import { weakest } from "@flowify/core/internal";
import { valueAt } from "../places.js";
import { bits, type Unit } from "../unit.js";
import { extent, readable, rowsOf, signed, totalOf } from "./ledger-rows.js";

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar that grows to the right, `length` characters long, to an eighth of a character. */
function growRight(length: number): string {
  const eighths = Math.round(length * 8);
  return "█".repeat(Math.floor(eighths / 8)) + valueAt(EIGHTHS, eighths % 8);
}

export type LedgerTextOptions = {
  /** What the numbers are told in. Default bits per dimension. */
  unit?: Unit;
  /** Columns that the whole line may take. */
  width?: number;
  paintExact?: (text: string) => string;
  paintBound?: (text: string) => string;
};

/** The ledger as lines of text for a terminal: name, figure, exact, bound or loses mass, a bar, and the total. */
export function ledgerLines(whole: readonly LedgerEntry[], options: LedgerTextOptions = {}): string[] {
  const { unit = bits, width = 80, paintExact = (text) => text, paintBound = (text) => text } = options;
  const ledger = readable(rowsOf(whole, unit));
  const labels = Math.max("total".length, ...ledger.map(({ layer }) => layer.length));
  const kinds = ledger.map(({ likelihood }) => likelihood);
  const widest = Math.max(...kinds.map(({ length }) => length));
  const { low, span } = extent(ledger);
  const plot = Math.max(10, width - labels - 20);
  // Blocks grow to the right only, so the negative side is drawn in whole characters.
  const leftSide = Math.round((-low / span) * plot);
  const lines = ledger.map(({ layer, value, likelihood }) => {
    const length = (Math.abs(value) / span) * plot;
    const whole = Math.min(leftSide, Math.round(length));
    const bar = value < 0 ? "█".repeat(whole).padStart(leftSide) : " ".repeat(leftSide) + growRight(length);
    const paint = likelihood === "exact" ? paintExact : paintBound;
    return `${layer.padEnd(labels)} ${signed(value).padStart(8)}  ${likelihood.padEnd(widest)}  ${paint(bar)}`.trimEnd();
  });
  return [
    ...lines,
    `${"total".padEnd(labels)} ${signed(totalOf(ledger)).padStart(8)}  ${weakest(kinds).padEnd(widest)}  ${unit.name}`,
  ];
}
