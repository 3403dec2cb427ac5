import type { Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { tree } from "@jax-js/jax";
import type { Case } from "./cases.js";

/** Results of a case on the main thread and on a second one, at the same time. */
export async function runOnWorkers(executor: Executor, each: Case): Promise<readonly HostArray[][]> {
  const specs = each.inputs.map(({ shape, dtype }) => new ArraySpec(shape, dtype));
  const { f, name, itemwise = false } = each;
  const program = await executor.compile(f, specs, { name, itemwise, workers: true });
  try {
    const run = async (worker: number): Promise<HostArray[]> => {
      const placed = await program.run(each.inputs, { worker });
      const fetched = await executor.fetch(placed);
      executor.release(placed);
      return tree.leaves(fetched as never);
    };
    return await Promise.all([run(0), run(1)]);
  } finally {
    await program.dispose();
  }
}
