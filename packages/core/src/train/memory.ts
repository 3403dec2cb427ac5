import type { JsTree } from "@jax-js/jax";
import { MemoryError } from "../errors.js";
import type { ArraySpec } from "../executor/executor.js";
import { expectMemoryFor } from "../executor/memory.js";
import { treeFlatten } from "../params/pytree.js";
import { gradientSpecs, type ProgramOptions } from "./programs.js";
import { makeWholeDescent } from "./step.js";

/**
 * Parameters, or as many numbers, that are in memory when training begins: those that the start has made, and their state (values
 * and two moments) on the host and where the executor computes.
 */
const COPIES = 1 + 2 * 3;

/** How often the arrays of a layer are there once more while its initial values are found: what they come from, and programs that hold them. */
const AGAIN = 2;

/** Errors: `MemoryError` where there is too little memory for the parameters and what training keeps beside them. */
export function expectMemoryToTrain({
  flow,
  executor,
  leaves,
  params,
  ema,
}: Omit<ProgramOptions, "parts">): void {
  const specs = treeFlatten(params).leaves;
  expectMemoryFor(
    executor,
    flow.ledgerLines.map(({ layer }) => layer),
    leaves.map(({ path }, i) => ({ path, shape: specs[i]?.shape ?? [] })),
    { copies: ema > 0 ? COPIES + 2 : COPIES, again: AGAIN },
  );
}

/** Says which batch would fit: a power of two, from what memory is used in proportion on. */
export async function refuseBatch(
  { bytes, available }: MemoryError,
  { flow, executor, leaves, params, batchSize, clip, onCompile }: Omit<ProgramOptions, "parts">,
): Promise<never> {
  let batch = 2 ** Math.floor(Math.log2((batchSize * available) / bytes));
  for (; batch >= 1; batch /= 2) {
    try {
      const specs = gradientSpecs(flow, params, batch) as readonly JsTree<ArraySpec>[];
      const onProgress = (share: number): void => onCompile?.(`gradient of ${batch}`, share);
      await executor.expectRoom?.(makeWholeDescent(flow, leaves, clip), specs, {
        itemwise: true,
        onProgress,
      });
      break;
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
  }
  const fits = batch >= 1 ? `a batch of ${batch} fits` : "not even a batch of 1 fits";
  throw new MemoryError(`a step of ${batchSize} examples`, bytes, available, { fits });
}
