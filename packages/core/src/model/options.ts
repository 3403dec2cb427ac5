import type { ConditionOf, ConditionOption } from "../examples.js";
import * as o from "../options.js";
import type { SampleOptions } from "./batch-parts.js";

/** Options of a method, and the condition of its examples. */
export type GivenOptions = SampleOptions & ConditionOption;

/** How many examples are sampled, and evaluated. */
export type Counts = Readonly<{ sample?: number; evaluate: readonly number[] }>;

/** How a model is made. */
export type ModelOptions = Readonly<{
  /** The parameters will be replaced (`moveTo`), so programs take them as arguments. */
  moving?: boolean;
  /**
   * The function whose outputs are the condition, for a flow with `outputs`: examples, one after another, to their conditions. Methods
   * that look at examples call it where no condition is given.
   */
  conditionOf?: ConditionOf | undefined;
}>;

const seed = o.integer(0);
const draw = { seed, temperature: o.notNegative };
const condition = o.anything;
const modal = { ...draw, mode: o.oneOf("sample", "deterministic"), condition };
/** Schemas of the options of methods. */
export const schemas = {
  create: { seed },
  draw: modal,
  evaluate: { ...modal, filled: o.anything },
  blocks: { ...modal, from: o.anything, to: o.anything },
  estimate: { seed, samples: o.integer(1), condition },
  latents: { ...draw, mode: o.anything, condition },
  explain: { seed, condition, others: condition },
  preimages: { ...draw, count: o.integer(1), results: o.map },
};
