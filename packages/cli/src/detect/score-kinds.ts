/** `combination` is the default; the others are what it consists of. */
export const scoreKinds = ["combination", "flow", "kernels", "neighbours"] as const;
export type ScoreKind = (typeof scoreKinds)[number];

/** What scores are computed from: kernels in two spaces are one kind. */
const partNames = ["flow", "robust", "mixed", "neighbours", "range"] as const;
export type PartName = (typeof partNames)[number];

/** The parts that a score of this kind is computed from. */
export const partsOf = (kind: ScoreKind, contaminated: boolean): readonly PartName[] => {
  if (kind === "kernels") return ["robust", "mixed"];
  if (kind !== "combination") return [kind];
  return contaminated ? ["flow", "neighbours", "range"] : partNames;
};
