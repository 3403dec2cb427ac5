import { makeRng, type Rng } from "@flowify/core/layer";
import { auroc } from "../auroc.js";
import type { ColumnSchema } from "../data/table/schema.js";
import { entryOf } from "../places.js";
import { meanOf } from "../statistics.js";
import { encodedWidth, ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { LEARNT_PARTS, type LearntPart } from "./score-columns.js";

/** Rows that are made of each kind. */
const MADE = 1000;

/** Where the AUROC of one part is higher by a sixtieth, it weighs e times as much, but for the share that all have alike. */
const SHARPNESS = 60;
const ALIKE = 0.2;

/** Columns of at most so many values have none between two of them. */
const FEW = 2;

/**
 * Rows that training rows [n, columns] hardly hold, two kinds of them: halfway between two rows, and each value from another
 * row. Texts, numbers of columns with two values, and missing ones have no middle: they are those of either row.
 */
export function madeOddities(
  rows: Float32Array,
  columns: readonly ColumnSchema[],
  seed: number,
): Float32Array[] {
  const width = encodedWidth({ columns });
  const count = rows.length / width;
  const own = ownColumns(tableColumns({ columns }));
  const hasMiddle = own.map(({ kind, place }) => {
    const values = new Set<number>();
    for (let i = place; i < rows.length && values.size <= FEW; i += width) values.add(rows[i]!);
    return !kind.isText && values.size > FEW;
  });
  const rng = makeRng(seed, 1);
  const made = (cellOf: (row: number, other: number, place: number, rng: Rng) => number): Float32Array => {
    const out = new Float32Array(MADE * width);
    for (let i = 0; i < MADE; i++) {
      const other = rng.integer(count);
      for (const { place } of own) out[i * width + place] = cellOf(i % count, other, place, rng);
    }
    return out;
  };
  const at = (row: number, place: number): number => rows[row * width + place]!;
  return [
    made((row, other, place) => {
      const middle = (at(row, place) + at(other, place)) / 2;
      return hasMiddle[place] && !Number.isNaN(middle)
        ? middle
        : at(rng.uniform() < 0.5 ? row : other, place);
    }),
    made((_row, _other, place) => at(rng.integer(count), place)),
  ];
}

/** Raw scores of rows, by part. */
type Raw = Readonly<{ [name: string]: Float32Array }>;

/**
 * Weights of the parts, by how well each of them separates made oddities from training rows: 0.2 + 0.8 softmax(60 a)
 * times their number, with a the mean AUROC over the kinds of oddities. No label enters.
 *
 * @param usual scores of training rows
 * @param odd those of oddities, for each kind of them
 */
export function partWeights(usual: Raw, odd: readonly Raw[]): Record<LearntPart, number> {
  const areas = LEARNT_PARTS.map((name) =>
    meanOf(odd.map((each) => auroc(entryOf(usual, name), entryOf(each, name)))),
  );
  const best = Math.max(...areas);
  const powers = areas.map((area) => Math.exp(SHARPNESS * (area - best)));
  const weightOf = (power: number): number => ALIKE + (1 - ALIKE) * (power / meanOf(powers));
  const each = LEARNT_PARTS.map((name, i) => [name, weightOf(powers[i]!)] as const);
  return Object.fromEntries(each) as Record<LearntPart, number>;
}
