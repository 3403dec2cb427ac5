/** The formulas once more in plain JavaScript, written from the paper, without jax and without batches of axes. */
import { dot, logNormal, type Rows, sum } from "../../src/testing/plain.js";

export const transpose = (a: Rows): Rows => (a[0] ?? []).map((_, j) => a.map((row) => row[j] as number));

export function multiply(a: Rows, b: Rows): Rows {
  const columns = transpose(b);
  return a.map((row) => columns.map((column) => dot(row, column)));
}

/** An ordinary dense layer, weight [out][in]. */
export const dense = (x: Rows, weight: Rows, bias: readonly number[]): Rows =>
  x.map((row) => weight.map((w, j) => dot(w, row) + (bias[j] as number)));

/** A dense network with ReLU between its layers. */
function plainMlp(x: Rows, layers: readonly { weight: Rows; bias: readonly number[] }[]): Rows {
  return layers.reduce(
    (h, { weight, bias }, i) =>
      dense(h, weight, bias).map((row) => (i < layers.length - 1 ? row.map((v) => Math.max(v, 0)) : row)),
    x,
  );
}

/** log Σ exp. */
export function logSum(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(sum(values.map((v) => Math.exp(v - largest))));
}

/** Location and bounded log-scale that a network of the context gives, for every row. */
export function plainMoments(
  context: Rows,
  head: { layers: { weight: Rows; bias: number[] }[]; center: number[]; logUnit: number[] },
  limit: number,
): { location: Rows; logScale: Rows } {
  const d = head.center.length;
  const h = plainMlp(context, head.layers);
  const unit = (j: number): number => head.logUnit[j] as number;
  return {
    location: h.map((row) =>
      row.slice(0, d).map((v, j) => (head.center[j] as number) + Math.exp(unit(j)) * v),
    ),
    logScale: h.map((row) => row.slice(d).map((v, j) => unit(j) + limit * Math.tanh(v / limit))),
  };
}

/** log Π_j Σ_k π_kj N(r_j; δ_kj, τ_kj²) / scale_j, the laws as [component][coordinate]. */
export function plainMixture(
  value: readonly number[],
  location: readonly number[],
  logScale: readonly number[],
  logits: Rows,
  offsets: Rows,
  logWidths: Rows,
): number {
  return sum(
    value.map((v, j) => {
      const scale = Math.exp(logScale[j] as number);
      const column = (rows: Rows): number[] => rows.map((row) => row[j] as number);
      const total = logSum(column(logits));
      const parts = logits.map((row, k) => {
        const width = scale * Math.exp(column(logWidths)[k] as number);
        const centre = (location[j] as number) + scale * (column(offsets)[k] as number);
        return (row[j] as number) - total + logNormal(v, centre, width);
      });
      return logSum(parts);
    }),
  );
}
