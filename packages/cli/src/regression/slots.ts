import { valueAt } from "../places.js";

/** Where a value of a mixture comes from. */
type Slot = Readonly<{
  member: number;
  /** In the distribution of the member, 0 to 1. */
  level: number;
}>;

/** So many values of a mixture: their members, in turn, and levels that are evenly spread for each. */
export function slotsOf(weights: readonly number[], each: number): Slot[] {
  const members = weights.map((weight, member) => ({ member, weight, taken: 0 }));
  const drawn = Array.from({ length: each }, (_, s) => {
    // the member that is furthest behind its share so far
    const behind = members.map(({ weight, taken }) => weight * (s + 1) - taken);
    const own = valueAt(members, behind.indexOf(Math.max(...behind)));
    return { own, before: own.taken++ };
  });
  return drawn.map(({ own: { member, taken }, before }) => ({
    member,
    level: (before + 0.5) / taken,
  }));
}
