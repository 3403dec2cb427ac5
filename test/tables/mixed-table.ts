import { makeRng, type Rng } from "@flowify/core/layer";

/** A row of the mixed table; `score` may be missing. */
export type MixedRow = Readonly<{
  kind: string;
  paid: boolean;
  size: number;
  weight: number;
  items: number;
  score: number | null;
  /** Days since 2024-01-01. */
  day: number;
}>;

export const mixedNames = ["kind", "paid", "size", "weight", "items", "score", "day"] as const;

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

const logNormal = (x: number, mean: number, std: number): number =>
  -0.5 * ((x - mean) / std) ** 2 - Math.log(std) - 0.5 * Math.log(2 * Math.PI);

/** log P of a Poisson number. */
function logPoisson(k: number, mean: number): number {
  let log = k * Math.log(mean) - mean;
  for (let i = 2; i <= k; i++) log -= Math.log(i);
  return log;
}

/** A Poisson number, by multiplying uniform numbers (Knuth). */
function poisson(rng: Rng, mean: number): number {
  const limit = Math.exp(-mean);
  let k = 0;
  for (let product = rng.uniform(); product > limit; product *= rng.uniform()) k++;
  return k;
}

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

/** log p of each column given those before it, in nats: probabilities, and densities of `size`, `weight` and `score`. */
export function mixedTerms(row: MixedRow): { [Name in (typeof mixedNames)[number]]: number } {
  const kind = KINDS.find(({ name }) => name === row.kind)!;
  const { paid, size, weight, items, score, day } = row;
  const missing = MISSING[Number(paid) as 0 | 1];
  const chance = dayChance(paid);
  const n = DAYS - 1;
  let logDay = day * Math.log(chance) + (n - day) * Math.log(1 - chance);
  for (let i = 1; i <= day; i++) logDay += Math.log((n - day + i) / i);
  return {
    kind: Math.log(kind.share),
    paid: Math.log(paid ? kind.paid : 1 - kind.paid),
    size: Math.log(
      0.7 * Math.exp(logNormal(size, kind.size, 0.8)) + 0.3 * Math.exp(logNormal(size, kind.size, 1.6)),
    ),
    weight: logNormal(weight, weightMean(row), 0.5),
    items: logPoisson(items, kind.items),
    score: score === null ? Math.log(missing) : Math.log(1 - missing) + logNormal(score, scoreMean(row), 1),
    day: logDay,
  };
}

/** log p of a row in nats. */
export const mixedLogProb = (row: MixedRow): number =>
  Object.values(mixedTerms(row)).reduce((sum, term) => sum + term, 0);

/** As lines of a CSV file. */
export function mixedCsv(rows: readonly MixedRow[]): string {
  const lines = rows.map(({ kind, paid, size, weight, items, score, day }) => {
    const date = new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10);
    return [kind, paid ? "yes" : "no", size, weight, items, score ?? "", date].join(",");
  });
  return `${mixedNames.join(",")}\n${lines.join("\n")}\n`;
}

/** The columns, with the days as numbers, and whether the score is missing as a category. */
export function mixedColumns(
  rows: readonly MixedRow[],
): Record<(typeof mixedNames)[number] | "score is missing", (string | number | null)[]> {
  const column = <T>(of: (row: MixedRow) => T): T[] => rows.map(of);
  return {
    kind: column(({ kind }) => kind),
    paid: column(({ paid }) => String(paid)),
    size: column(({ size }) => size),
    weight: column(({ weight }) => weight),
    items: column(({ items }) => items),
    score: column(({ score }) => score),
    day: column(({ day }) => day),
    "score is missing": column(({ score }) => String(score === null)),
  };
}

const MS_PER_DAY = 86_400_000;

/** The rows of JSON lines that `flowify sample` wrote. */
export const mixedRowsOf = (text: string): MixedRow[] =>
  text
    .trim()
    .split("\n")
    .map((line) => {
      const row = JSON.parse(line) as Omit<MixedRow, "paid" | "day"> & { paid: string; day: string };
      const day = (Date.parse(row.day) - Date.UTC(2024, 0, 1)) / MS_PER_DAY;
      return { ...row, paid: row.paid === "yes", day };
    });
