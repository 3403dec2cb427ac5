import type { FlowModel } from "@flowify/core";
import type { EncodedRows } from "../data/table/encode-rows.js";
import { pickRows } from "../detect/score-rows.js";
import type { ReasonCells } from "./row-reasons.js";

/** What finds the reasons of flagged rows, and the network by which it finds them. */
export type Reasoner = Readonly<{ model: FlowModel; reasons: ReasonCells }>;

/** A row that was judged. */
type Judged = readonly [name: string, score: number, p: number, flag: number];

/** The cells of the reasons of rows, a list each; empty texts for rows that are not flagged. */
export async function reasonsOfFlagged(
  { model, reasons }: Reasoner,
  encoded: EncodedRows,
  rows: readonly Judged[],
): Promise<string[][]> {
  const places = Uint32Array.from(rows.keys()).filter((i) => rows[i]![3] === 1);
  const { rows: numbers, fillLog } = pickRows(encoded, places);
  const width = encoded.rows.length / encoded.count;
  const logProb = places.length > 0 ? await model.logProb(numbers) : new Float64Array();
  const flagged = Array.from(places, (place, k) => {
    const [name, , p] = rows[place]!;
    const row = numbers.subarray(k * width, (k + 1) * width);
    return { place, name, p, logProb: logProb[k]! - fillLog[k]!, row };
  });
  return reasons.cells(flagged, rows.length);
}
