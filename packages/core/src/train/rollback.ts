import { NotFiniteError } from "../errors.js";
import type { Rollback } from "./state.js";

/** What a return multiplies step sizes with, for how many steps beyond the one that failed. */
const SHORTER = 0.1;
const STEPS = 100;

/** Returns that may be in force at once. */
const MOST = 3;

/** What the step sizes of a step (1, 2, …) are multiplied with. */
export const shortening = (rollbacks: readonly Rollback[], step: number): number =>
  SHORTER ** rollbacks.filter(({ until }) => step <= until).length;

/**
 * The returns with one more, from a step that was not finite to the state after step `to`.
 *
 * Errors: `NotFiniteError`, that of the step, where three returns in force did not help.
 */
export function withRollback(
  rollbacks: readonly Rollback[],
  failure: NotFiniteError,
  to: number,
): Rollback[] {
  const inForce = rollbacks.filter(({ until }) => failure.step <= until).length;
  if (inForce >= MOST)
    throw new NotFiniteError(
      failure.step,
      failure.layer,
      `${failure.message}\n${MOST} returns to earlier states with shorter steps did not help`,
      { cause: failure },
    );
  const { step, layer } = failure;
  return [...rollbacks, { failed: step, layer, to, until: step + STEPS }];
}
