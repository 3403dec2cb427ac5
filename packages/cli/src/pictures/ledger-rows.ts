import { type LedgerEntry, weakest } from "@flowify/core/internal";
import type { Unit } from "../unit.js";

/** A line of the ledger in the unit that is shown. */
export type LedgerRow = Readonly<{ layer: string; value: number; likelihood: ReturnType<typeof weakest> }>;

export const rowsOf = (ledger: readonly LedgerEntry[], unit: Unit): LedgerRow[] =>
  ledger.map(({ layer, likelihood, ...figure }) => ({ layer, value: unit.of(figure), likelihood }));

/** What is shown as 0.000, or is less than this part of all that the bars span, nobody could see. */
const NOTHING = 5e-4;
const INVISIBLE = 1 / 5000;

export const signed = (value: number): string => (value < 0 ? "-" : "+") + Math.abs(value).toFixed(3);
export const totalOf = (ledger: readonly LedgerRow[]): number =>
  ledger.reduce((sum, { value }) => sum + value, 0);

/**
 * The ledger without the layers that contribute nothing, so that networks of forty layers can be
 * read. What several of them add up to is a row of its own: the rows still sum to the total. The base stays.
 */
export function readable(ledger: readonly LedgerRow[]): readonly LedgerRow[] {
  const base = ledger.slice(-1);
  const layers = ledger.slice(0, -1).filter(({ value }) => value !== 0);
  const limit = Math.max(NOTHING, INVISIBLE * extent(ledger).span);
  const rest = layers.filter(({ value }) => Math.abs(value) < limit);
  if (rest.length < 2) return [...layers, ...base];
  const others = {
    layer: `${rest.length} others`,
    value: totalOf(rest),
    likelihood: weakest(rest.map(({ likelihood }) => likelihood)),
  };
  return [...layers.filter((entry) => !rest.includes(entry)), others, ...base];
}

/** The interval that the bars need, zero included; never empty. */
export function extent(ledger: readonly LedgerRow[]): { low: number; span: number } {
  const values = ledger.map(({ value }) => value).filter(Number.isFinite);
  const low = Math.min(0, ...values);
  const span = Math.max(0, ...values) - low;
  return { low, span: span > 0 ? span : 1 };
}
