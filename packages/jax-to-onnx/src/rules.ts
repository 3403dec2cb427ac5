import type { Rule } from "./context.js";
import { bitRules } from "./rules/bits.js";
import { concatRules } from "./rules/concat.js";
import { convRules } from "./rules/conv.js";
import { dotRules } from "./rules/dot.js";
import { elementwiseRules } from "./rules/elementwise.js";
import { indexingRules } from "./rules/indexing.js";
import { movementRules } from "./rules/movement.js";
import { reduceRules } from "./rules/reduce.js";
import { sortRules } from "./rules/sort.js";
import { windowRules } from "./rules/windows.js";

/** One rule for each primitive. */
export const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...movementRules,
  ...concatRules,
  ...reduceRules,
  ...dotRules,
  ...windowRules,
  ...convRules,
  ...indexingRules,
  ...sortRules,
  ...bitRules,
};
