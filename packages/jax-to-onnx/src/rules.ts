import type { Rule } from "./context.js";
import { bitRules } from "./rules/bits.js";
import { concatenate } from "./rules/concat.js";
import { conv } from "./rules/conv.js";
import { dot } from "./rules/dot.js";
import { elementwiseRules } from "./rules/elementwise.js";
import { gather, scatter } from "./rules/indexing.js";
import { movementRules } from "./rules/movement.js";
import { reduce } from "./rules/reduce.js";
import { sortRules } from "./rules/sort.js";
import { pool, poolTranspose } from "./rules/windows.js";

/** One rule for each primitive. */
export const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...movementRules,
  ...sortRules,
  ...bitRules,
  concatenate,
  conv,
  dot,
  gather,
  pool,
  pool_transpose: poolTranspose,
  reduce,
  scatter,
};
