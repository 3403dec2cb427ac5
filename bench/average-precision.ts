/**
 * AP = Σ_k (R_k − R_{k−1}) P_k over thresholds from the highest score down; rows of one score count together.
 *
 * Source: Zhu 2004, "Recall, precision and average precision"; the definition of scikit-learn.
 */
export function averagePrecision(own: ArrayLike<number>, strange: ArrayLike<number>): number {
  const rows = [
    ...Array.from(own, (score) => ({ score, hit: 0 })),
    ...Array.from(strange, (score) => ({ score, hit: 1 })),
  ].sort((a, b) => b.score - a.score);
  let [hits, sum] = [0, 0];
  for (let begin = 0, end = 0; begin < rows.length; begin = end) {
    let fresh = 0;
    for (; end < rows.length && rows[end]!.score === rows[begin]!.score; end++) fresh += rows[end]!.hit;
    hits += fresh;
    sum += (fresh / strange.length) * (hits / end);
  }
  return sum;
}
