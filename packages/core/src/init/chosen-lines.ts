import { type Lines, ridge, type Table } from "./ridge.js";

/** How often inputs are chosen, each time beside the lines of those chosen before. */
const ROUNDS = 4;

/**
 * Lines y = a + B c of the inputs that predict: ridge regression with a penalty for each input. Beside the others, an input explains F
 * times as much as chance does, the mean over the outputs. An input without effect has F near 1, and one whose F any of S inputs
 * without effect may have is left out. The slopes of the others shrink by 1 − 1 / F where inputs are independent.
 * So a few rows are not fitted by hundreds of codes.
 *
 * Source: James and Stein 1961, Donoho and Johnstone 1994 (√(2 log S) deviations); Hoerl and Kennard 1970 (ridge regression).
 */
export function chosenLines(inputs: Table, outputs: Table): Lines {
  const [S, n] = [inputs.columns, outputs.columns];
  const count = outputs.data.length / n;
  const c = centred(inputs);
  let left = centred(outputs);
  const least = 1 + 2 * Math.sqrt(Math.log(Math.max(S, 2)) / independent(left, n));
  let lines: Lines = { offset: left.means, slopes: new Float64Array(n * S) };
  let before = "";
  for (let round = 0, used = 0; round < ROUNDS; round++) {
    const free = Math.max(count - used, count / 2);
    const scales = Array.from({ length: S }, (_, s) => {
      const own = c.squares[s]!;
      if (own <= EVEN * count) return 0;
      const products = new Float64Array(n);
      for (let r = 0; r < count; r++) {
        const at = c.data[r * S + s]!;
        for (let i = 0; i < n; i++) products[i]! += at * left.data[r * n + i]!;
      }
      const F = products.reduce((sum, product, i) => {
        const all = product + own * lines.slopes[i * S + s]!;
        return left.squares[i]! > 0 ? sum + (all * all * free) / (left.squares[i]! * own * n) : sum;
      }, 0);
      return F > least ? Math.sqrt((F - 1) / own) : 0; // √ of 1 / penalty
    });
    const chosen = Array.from(scales.keys()).filter((s) => scales[s]! > 0);
    if (chosen.length === 0 || chosen.join() === before) break;
    [used, before] = [chosen.length, chosen.join()];
    lines = scaledLines(inputs, outputs, chosen, scales);
    left = centred({ data: beside(lines, inputs, outputs), columns: n });
  }
  return lines;
}

/** Least mean square of an input that varies. */
const EVEN = 1e-12;

/** Ridge regression of the chosen inputs, each times its scale: a penalty of 1 is one of 1 / scale² then. */
function scaledLines(
  inputs: Table,
  outputs: Table,
  chosen: readonly number[],
  scales: readonly number[],
): Lines {
  const [S, n] = [inputs.columns, outputs.columns];
  const data = new Float64Array((inputs.data.length / S) * chosen.length);
  for (let at = 0; at < data.length; at++) {
    const s = chosen[at % chosen.length]!;
    data[at] = scales[s]! * inputs.data[Math.floor(at / chosen.length) * S + s]!;
  }
  const found = ridge({ data, columns: chosen.length }, outputs, 1);
  const slopes = new Float64Array(n * S);
  for (let i = 0; i < n; i++)
    for (const [k, s] of chosen.entries())
      slopes[i * S + s] = scales[s]! * found.slopes[i * chosen.length + k]!;
  return { offset: found.offset, slopes };
}

/** What lines leave of outputs. */
export function beside({ offset, slopes }: Lines, inputs: Table, outputs: Table): Float64Array {
  const [S, n] = [inputs.columns, outputs.columns];
  return Float64Array.from(outputs.data, (value, at) => {
    const [row, i] = [Math.floor(at / n), at % n];
    let left = value - offset[i]!;
    for (let s = 0; s < S; s++) left -= slopes[i * S + s]! * inputs.data[row * S + s]!;
    return left;
  });
}

type Centred = Readonly<{ data: Float64Array; means: Float64Array; squares: Float64Array }>;

function centred({ data, columns }: Table): Centred {
  const [means, squares] = [new Float64Array(columns), new Float64Array(columns)];
  for (let at = 0; at < data.length; at++) means[at % columns]! += (data[at]! * columns) / data.length;
  const own = Float64Array.from(data, (v, at) => v - means[at % columns]!);
  for (let at = 0; at < own.length; at++) squares[at % columns]! += own[at]! ** 2;
  return { data: own, means, squares };
}

/** So many independent outputs vary as much as these, which may depend on each other: (tr R)² / tr R² of their correlations R. */
function independent({ data, squares }: Centred, n: number): number {
  const R = new Float64Array(n * n);
  for (let at = 0; at < data.length; at += n)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) R[i * n + j]! += data[at + i]! * data[at + j]!;
  const square = R.reduce((sum, product, at) => {
    const size = squares[Math.floor(at / n)]! * squares[at % n]!;
    return size > 0 ? sum + product ** 2 / size : sum;
  }, 0);
  return square > 0 ? squares.filter((size) => size > 0).length ** 2 / square : 1;
}
