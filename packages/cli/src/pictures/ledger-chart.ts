import { bits, type Unit } from "../unit.js";
import {
  type Canvas,
  type Color,
  createCanvas,
  drawText,
  fillRect,
  MUTED,
  textHeight,
  textWidth,
} from "./canvas.js";
import { drawLegend } from "./legend.js";

/** What one layer (or the base) contributes to log p in nats, and what it adds to the bits per dimension; these are negative where it gains. */
export type LedgerEntry = Readonly<{ layer: string; nats: number; bpd: number; exact: boolean }>;

/** A row of the picture, in the unit that is shown. */
type Row = Readonly<{ layer: string; value: number; exact: boolean }>;

const EXACT: Color = [38, 108, 176];
const BOUND: Color = [224, 130, 40];
const AXIS: Color = [160, 165, 170];

const MARGIN = 16;
const ROW = 24;
const BAR = 16;
const GAP = 12;
const PLOT = 460;

const signed = (value: number): string => (value < 0 ? "-" : "+") + Math.abs(value).toFixed(3);
const totalOf = (ledger: readonly Row[]): number => ledger.reduce((sum, { value }) => sum + value, 0);

/** What is shown as 0.000, or is less than this part of all that the bars span, nobody could see. */
const NOTHING = 5e-4;
const INVISIBLE = 1 / 5000;

/**
 * The ledger without the layers that contribute nothing, so that networks of forty layers can be
 * read. What several of them add up to is a row of its own: the rows still sum to the total. The base stays.
 */
function readable(whole: readonly LedgerEntry[], unit: Unit): readonly Row[] {
  const ledger = whole.map(({ layer, exact, ...figure }) => ({ layer, value: unit.of(figure), exact }));
  const base = ledger.slice(-1);
  const layers = ledger.slice(0, -1).filter(({ value }) => value !== 0);
  const limit = Math.max(NOTHING, INVISIBLE * extent(ledger).span);
  const rest = layers.filter(({ value }) => Math.abs(value) < limit);
  if (rest.length < 2) return [...layers, ...base];
  const others = {
    layer: `${rest.length} others`,
    value: totalOf(rest),
    exact: rest.every(({ exact }) => exact),
  };
  return [...layers.filter((entry) => !rest.includes(entry)), others, ...base];
}

/** The interval that the bars need, zero included; never empty. */
function extent(ledger: readonly Row[]): { low: number; span: number } {
  const values = ledger.map(({ value }) => value);
  const low = Math.min(0, ...values);
  const span = Math.max(0, ...values) - low;
  return { low, span: span > 0 ? span : 1 };
}

/**
 * The ledger as horizontal bars from a zero line, one row a layer: to the right what costs bits, to
 * the left what saves them; blue where the entry is exact, orange where it is a bound.
 */
export function ledgerChart(whole: readonly LedgerEntry[], title: string, unit: Unit = bits): Canvas {
  const ledger = readable(whole, unit);
  const labels = Math.max(...ledger.map(({ layer }) => textWidth(layer)));
  const numbers = Math.max(...ledger.map(({ value }) => textWidth(signed(value))));
  const { low, span } = extent(ledger);
  const left = MARGIN + labels + GAP + numbers + GAP;
  const width = Math.max(left + PLOT, MARGIN + textWidth(title)) + MARGIN;
  const top = MARGIN + 2 * ROW + 4;
  const canvas = createCanvas(width, top + ledger.length * ROW + ROW + MARGIN);
  drawText(canvas, MARGIN, MARGIN, title);
  const legend = drawLegend(canvas, MARGIN, MARGIN + ROW, [
    { name: "exact", color: EXACT },
    { name: "bound", color: BOUND },
  ]);
  drawText(canvas, legend, MARGIN + ROW, `${unit.name}: right costs, left saves`, { color: MUTED });
  const zero = left + (-low / span) * PLOT;
  fillRect(canvas, zero - 1, top - 4, 2, ledger.length * ROW + 4, AXIS);
  ledger.forEach(({ layer, value, exact }, row) => {
    const y = top + row * ROW;
    const textY = y + (BAR - textHeight()) / 2;
    drawText(canvas, MARGIN, textY, layer);
    drawText(canvas, left - GAP - textWidth(signed(value)), textY, signed(value), { color: MUTED });
    const length = (Math.abs(value) / span) * PLOT;
    // A bar of at least one pixel: an entry near zero is still an entry.
    const bar = Math.max(1, length);
    fillRect(canvas, value < 0 ? zero - bar : zero, y, bar, BAR, exact ? EXACT : BOUND);
  });
  const total = `total ${totalOf(ledger).toFixed(3)} ${unit.name}`;
  drawText(canvas, MARGIN, top + ledger.length * ROW + 6, total);
  return canvas;
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar that grows to the right, `length` characters long, to an eighth of a character. */
function growRight(length: number): string {
  const eighths = Math.round(length * 8);
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

export type LedgerTextOptions = {
  /** What the numbers are told in. Default bits per dimension. */
  unit?: Unit;
  /** Columns that the whole line may take. */
  width?: number;
  paintExact?: (text: string) => string;
  paintBound?: (text: string) => string;
};

/** The ledger as lines of text for a terminal: name, figure, exact or bound, a bar, and the total. */
export function ledgerLines(whole: readonly LedgerEntry[], options: LedgerTextOptions = {}): string[] {
  const { unit = bits, width = 80, paintExact = (text) => text, paintBound = (text) => text } = options;
  const ledger = readable(whole, unit);
  const labels = Math.max("total".length, ...ledger.map(({ layer }) => layer.length));
  const { low, span } = extent(ledger);
  const plot = Math.max(10, width - labels - 20);
  // Blocks grow to the right only, so the negative side is drawn in whole characters.
  const leftSide = Math.round((-low / span) * plot);
  const lines = ledger.map(({ layer, value, exact }) => {
    const length = (Math.abs(value) / span) * plot;
    const whole = Math.min(leftSide, Math.round(length));
    const bar = value < 0 ? "█".repeat(whole).padStart(leftSide) : " ".repeat(leftSide) + growRight(length);
    const kind = exact ? "exact" : "bound";
    const paint = exact ? paintExact : paintBound;
    return `${layer.padEnd(labels)} ${signed(value).padStart(8)}  ${kind}  ${paint(bar)}`.trimEnd();
  });
  const kind = ledger.every(({ exact }) => exact) ? "exact" : "bound";
  return [
    ...lines,
    `${"total".padEnd(labels)} ${signed(totalOf(ledger)).padStart(8)}  ${kind}  ${unit.name}`,
  ];
}
