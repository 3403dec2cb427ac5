/** `combination` is the default; the others are what it consists of. */
export const scoreKinds = ["combination", "flow", "kernels", "neighbours"] as const;
export type ScoreKind = (typeof scoreKinds)[number];
