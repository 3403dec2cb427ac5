import { DType, numpy as np, valueAndGrad } from "@jax-js/jax";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectSame, spread } from "./compare.js";
import { type Program, programs, runProgram } from "./programs.js";

type A = np.Array;

/** A failing run prints its seed and path; set this to run it again. */
const seed = Number(process.env.FLOWIFY_SEED ?? Date.now() % 2 ** 31);

/** How many times as many programs as usual: `FLOWIFY_PROGRAMS=10 npm test -- onnx/test/programs` tries 850. */
const times = Number(process.env.FLOWIFY_PROGRAMS ?? 1);

const loss =
  (program: Program) =>
  (...inputs: A[]): A =>
    runProgram(program, inputs)
      .map((value, i) => np.sum(np.sin(value)).mul(i + 1))
      .reduce((a, b) => a.add(b));

async function agrees(program: Program, dtype: DType): Promise<void> {
  const args = program.inputs.map((shape, i) => spread(shape, dtype, i + 1));
  // Rounding grows along a chain of operations, and a gradient is a longer chain.
  await expectSame((...inputs: A[]) => runProgram(program, inputs), args, 10);
  const gradient = valueAndGrad(loss(program), { argnums: args.map((_, i) => i) as never });
  await expectSame(gradient, args, 100);
}

describe("random programs and their gradients", () => {
  test.each([
    [DType.Float64, 60],
    [DType.Float32, 25],
  ])(
    "%s",
    async (dtype, numRuns) => {
      expect.hasAssertions();
      await fc.assert(
        fc.asyncProperty(programs, (program) => agrees(program, dtype)),
        { seed, numRuns: times * numRuns },
      );
    },
    60_000 * times,
  );
});
