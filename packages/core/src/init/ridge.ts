import { cholesky, inverseLower } from "./fit-mixture.js";

/** Numbers [count, columns], row-major. */
export type Table = Readonly<{ data: ArrayLike<number>; columns: number }>;

/** What predicts rows: ŷ = a + B c, B [outputs, inputs] row-major. */
export type Lines = Readonly<{ offset: Float64Array; slopes: Float64Array }>;

/**
 * Least squares with a penalty: the lines that minimize Σ |y − a − B c|² + penalty |B|². Values that are one 1 among zeros count as
 * if so many further rows had the mean of all.
 *
 * Source: Hoerl and Kennard 1970 (ridge regression).
 */
export function ridge(inputs: Table, outputs: Table, penalty: number): Lines {
  const [S, n] = [inputs.columns, outputs.columns];
  const count = inputs.data.length / S;
  const [from, to] = [meansOf(inputs), meansOf(outputs)];
  const gram = new Float64Array(S * S);
  const products = new Float64Array(S * n);
  for (let r = 0; r < count; r++)
    for (let s = 0; s < S; s++) {
      const c = inputs.data[r * S + s]!;
      if (c === 0) continue;
      for (let t = 0; t <= s; t++) gram[s * S + t]! += c * inputs.data[r * S + t]!;
      for (let i = 0; i < n; i++) products[s * n + i]! += c * (outputs.data[r * n + i]! - to[i]!);
    }
  for (let s = 0; s < S; s++) {
    for (let t = 0; t <= s; t++) gram[s * S + t]! -= count * from[s]! * from[t]!;
    gram[s * S + s]! += penalty;
  }
  const inverse = inverseLower(cholesky(gram, S), S);
  const slopes = new Float64Array(n * S);
  for (let i = 0; i < n; i++) {
    const turned = from.map((_, s) => {
      let sum = 0;
      for (let t = 0; t <= s; t++) sum += inverse[s * S + t]! * products[t * n + i]!;
      return sum;
    });
    for (let s = 0; s < S; s++)
      for (let t = s; t < S; t++) slopes[i * S + s]! += inverse[t * S + s]! * turned[t]!;
  }
  const offset = to.map((mean, i) => from.reduce((left, c, s) => left - c * slopes[i * S + s]!, mean));
  return { offset, slopes };
}

function meansOf({ data, columns }: Table): Float64Array {
  const means = new Float64Array(columns);
  for (let at = 0; at < data.length; at++) means[at % columns]! += (data[at]! * columns) / data.length;
  return means;
}
