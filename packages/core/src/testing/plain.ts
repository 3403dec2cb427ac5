/** Formulas once more in plain JavaScript, without jax: what laws compare with. */
export type Rows = number[][];

const LOG_2PI = Math.log(2 * Math.PI);

export const toRows = (data: ArrayLike<number>, width: number): Rows =>
  Array.from({ length: data.length / width }, (_, i) =>
    Array.from({ length: width }, (_, j) => data[i * width + j] as number),
  );

export const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const logNormal = (x: number, mean = 0, std = 1): number =>
  -0.5 * (((x - mean) / std) ** 2 + LOG_2PI) - Math.log(std);

/** log |det| by elimination with row exchanges. */
export function logAbsDet(matrix: Rows): number {
  const a = matrix.map((row) => [...row]);
  let sum = 0;
  for (let k = 0; k < a.length; k++) {
    let pivot = k;
    for (let i = k + 1; i < a.length; i++)
      if (Math.abs(a[i]?.[k] as number) > Math.abs(a[pivot]?.[k] as number)) pivot = i;
    [a[k], a[pivot]] = [a[pivot] as number[], a[k] as number[]];
    const top = a[k] as number[];
    sum += Math.log(Math.abs(top[k] as number));
    for (let i = k + 1; i < a.length; i++) {
      const row = a[i] as number[];
      const factor = (row[k] as number) / (top[k] as number);
      for (let j = k; j < a.length; j++) row[j]! -= factor * (top[j] as number);
    }
  }
  return sum;
}
