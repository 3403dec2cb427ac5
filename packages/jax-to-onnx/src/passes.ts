import { algebra } from "./passes/algebra.js";
import { biases } from "./passes/biases.js";
import { gatheredWindows } from "./passes/convolutions/gathered-windows.js";
import { pointwiseConvolutions } from "./passes/convolutions/pointwise.js";
import { matrixChains } from "./passes/matrix-chains.js";
import type { Pass } from "./passes/pass.js";
import { rotations } from "./passes/rotations.js";
import { rowExtremes, sumsByProduct } from "./passes/row-reductions.js";
import { splitTransposes } from "./passes/split-transposes.js";
import { tanh } from "./passes/tanh.js";

/**
 * Every optimization, in the order in which they are tried: first those that act on equations while these are lowered,
 * of which the first that applies is taken, then those that act on the whole graph.
 */
export const passes: readonly Pass[] = [
  algebra,
  pointwiseConvolutions,
  gatheredWindows,
  {
    name: "narrow-axes",
    why: "the parts of an array that is split along few innermost numbers are made rows (`narrow`)",
  },
  {
    name: "stacked-products",
    why: "positions in front of matrices are multiplied one by one, so that no side needs a Transpose",
  },
  { name: "squares", why: "the sum of squares is one node that writes no square" },
  matrixChains,
  rotations,
  tanh,
  sumsByProduct,
  rowExtremes,
  biases,
  splitTransposes,
];

/** The names of the passes, which a target can leave out, and what each saves. */
export const loweringPasses: readonly Pick<Pass, "name" | "why">[] = [...passes];
