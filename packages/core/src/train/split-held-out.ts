import { UsageError } from "../errors.js";
import type { ExampleDomain } from "../examples.js";
import { makeRng, permutation } from "../math/rng.js";
import { STREAM } from "./data.js";
import { type DataIn, type ExampleReader, exampleReader, subset } from "./source.js";

/**
 * Examples to train on and held-out ones: others, or a share of the data, drawn at random by the seed.
 *
 * Errors: `UsageError` for a share outside of (0, 1), or of which one side is left without examples.
 */
export function splitHeldOut(
  data: ExampleReader,
  validation: number | DataIn | undefined,
  domain: ExampleDomain,
  seed: number,
): { train: ExampleReader; held: ExampleReader | undefined } {
  if (validation === undefined) return { train: data, held: undefined };
  if (typeof validation !== "number") return { train: data, held: exampleReader(validation, domain) };
  if (!(validation > 0 && validation < 1))
    throw new UsageError(`the share of validation must be between 0 and 1, got ${validation}`);
  const count = Math.round(validation * data.count);
  if (count < 1 || count >= data.count)
    throw new UsageError(
      `a share of ${validation} of ${data.count} examples holds ${count} out: at least one must be held out, and one left to train on`,
    );
  const order = permutation(makeRng(seed, STREAM.heldOut), data.count);
  return {
    train: subset(data, order.subarray(count).sort()),
    held: subset(data, order.subarray(0, count).sort()),
  };
}
