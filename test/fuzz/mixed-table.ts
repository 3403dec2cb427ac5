import { makeRng, type Rng } from "@flowify/core/layer";
import { poisson } from "../../bench/known-laws.js";

/** A row of the mixed table; `score` may be missing. */
type MixedRow = Readonly<{
  kind: string;
  paid: boolean;
  size: number;
  weight: number;
  items: number;
  score: number | null;
  /** Days since 2024-01-01. */
  day: number;
}>;

const mixedNames = ["kind", "paid", "size", "weight", "items", "score", "day"] as const;

/** What a kind decides: its share, the share of paid rows, mean size, and mean number of items. */
const KINDS = [
  { name: "paper", share: 0.4, paid: 0.8, size: 4, items: 4 },
  { name: "glass", share: 0.3, paid: 0.5, size: 6, items: 9 },
  { name: "steel", share: 0.2, paid: 0.3, size: 9, items: 2 },
  { name: "cloth", share: 0.1, paid: 0.6, size: 5, items: 15 },
] as const;

const DAYS = 120;
/** Share of rows without a score, of unpaid and of paid ones. */
const MISSING = [0.3, 0.1] as const;

const weightMean = ({ size, paid }: Pick<MixedRow, "size" | "paid">): number => 0.8 * size + (paid ? 2 : 0);
const scoreMean = ({ weight, items }: Pick<MixedRow, "weight" | "items">): number =>
  0.5 * weight - 0.2 * items;

/** Days of a binomial number: later for paid rows. */
const dayChance = (paid: boolean): number => (paid ? 0.6 : 0.4);

/** The kind at a place of [0, 1). */
function drawKind(place: number): (typeof KINDS)[number] {
  let passed = 0;
  for (const kind of KINDS) {
    passed += kind.share;
    if (place < passed) return kind;
  }
  return KINDS[KINDS.length - 1]!;
}

function drawRow(rng: Rng): MixedRow {
  const kind = drawKind(rng.uniform());
  const paid = rng.uniform() < kind.paid;
  const size = kind.size + (rng.uniform() < 0.7 ? 0.8 : 1.6) * rng.normal();
  const weight = weightMean({ size, paid }) + 0.5 * rng.normal();
  const items = poisson(rng, kind.items);
  const missing = rng.uniform() < MISSING[Number(paid) as 0 | 1];
  const score = missing ? null : scoreMean({ weight, items }) + rng.normal();
  let day = 0;
  for (let i = 1; i < DAYS; i++) if (rng.uniform() < dayChance(paid)) day++;
  return { kind: kind.name, paid, size, weight, items, score, day };
}

/** Rows whose columns depend on each other; a function of the seed. */
export function mixedRows(count: number, seed: number): MixedRow[] {
  const rng = makeRng(seed);
  return Array.from({ length: count }, () => drawRow(rng));
}

/** As lines of a CSV file. */
export function mixedCsv(rows: readonly MixedRow[]): string {
  const lines = rows.map(({ kind, paid, size, weight, items, score, day }) => {
    const date = new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10);
    return [kind, paid ? "yes" : "no", size, weight, items, score ?? "", date].join(",");
  });
  return `${mixedNames.join(",")}\n${lines.join("\n")}\n`;
}
