import { joined } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { lastOf, valueAt } from "../../places.js";
import { rowOf } from "../../rows.js";

/** Rows in one piece, and what each is called. */
type Piece = Readonly<{ rows: Float32Array; names: readonly string[] }>;

type ScoredRow = Readonly<{ name: string; score: number; row: Float32Array }>;

/** What is kept of any number of rows. */
export type Survey = Readonly<{
  count: number;
  flagged: number;
  /** A fair sample: rows [n, width], and their scores. */
  rows: Float32Array;
  scores: Float64Array;
  /** The rows of the highest scores, the highest first. */
  worst: readonly ScoredRow[];
}>;

/** Rows of the sample, and of the highest scores. */
const KEPT = { sample: 10_000, worst: 10 } as const;

/**
 * Scores rows piece by piece, in memory that does not grow with their number.
 *
 * @param score of rows [n, width], a number each
 */
export async function surveyRows(
  pieces: AsyncIterable<Piece> | Iterable<Piece>,
  width: number,
  score: (rows: Float32Array) => Promise<ArrayLike<number>>,
  isFlagged: (score: number) => boolean,
): Promise<Survey> {
  const rng = makeRng(0);
  const sample: { row: Float32Array; score: number }[] = [];
  const worst: ScoredRow[] = [];
  let [count, flagged] = [0, 0];
  for await (const { rows: piece, names } of pieces) {
    const scores = await score(piece);
    for (const [i, name] of names.entries()) {
      const row = rowOf(piece, i, width);
      const one = valueAt(scores, i);
      count++;
      if (isFlagged(one)) flagged++;
      const place = count <= KEPT.sample ? count - 1 : rng.integer(count);
      if (place < KEPT.sample) sample[place] = { row: row.slice(), score: one };
      if (worst.length < KEPT.worst || one > lastOf(worst).score) {
        worst.push({ name, score: one, row: row.slice() });
        worst.sort((a, b) => b.score - a.score).splice(KEPT.worst);
      }
    }
  }
  const rows = joined(sample.map(({ row }) => row));
  return { count, flagged, rows, scores: Float64Array.from(sample, (each) => each.score), worst };
}
