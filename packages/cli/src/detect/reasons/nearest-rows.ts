import { CLIP, findSpaces } from "../spaces.js";

/**
 * Finds the training rows nearest to a row, the nearest first, without rows that equal it, as it does itself: Euclidean distance of robustly scaled numbers, over all of
 * the training rows.
 *
 * @param training rows [m, width]
 * @returns for one row of `width` numbers, the places of at most `count` training rows
 */
export function nearestRows(
  training: Float32Array,
  width: number,
  count: number,
): (row: Float32Array) => number[] {
  const { median, spread } = findSpaces(training, width);
  const inSpace = (rows: Float32Array): Float32Array =>
    rows.map((value, i) => {
      const z = (value - median[i % width]!) / spread[i % width]!;
      return Math.min(CLIP, Math.max(-CLIP, z));
    });
  const learnt = inSpace(training);
  const total = learnt.length / width;
  return (row) => {
    const scaled = inSpace(row);
    const nearest: { place: number; squared: number }[] = [];
    for (let place = 0; place < total; place++) {
      let squared = 0;
      for (let j = 0; j < width; j++) squared += (learnt[place * width + j]! - scaled[j]!) ** 2;
      if (squared === 0) continue;
      if (nearest.length === count && squared >= nearest[count - 1]!.squared) continue;
      if (nearest.length === count) nearest.pop();
      nearest.push({ place, squared });
      nearest.sort((a, b) => a.squared - b.squared);
    }
    return nearest.map(({ place }) => place);
  };
}
