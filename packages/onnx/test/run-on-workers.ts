import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { tree } from "@jax-js/jax";
import type { Elsewhere } from "../../jax-to-onnx/test/fuzz/fuzz-lowering.js";

/** Runs programs on the main thread of an executor and on a second one, at the same time. */
export const twoWorkers = (executor: Executor): Elsewhere => ({
  name: "two workers",
  async run({ f, inputs, name, itemwise = false }) {
    const arrays = inputs.map(({ data, shape, dtype }) => new HostArray(data, shape, dtype));
    const specs = arrays.map(({ shape, dtype }) => new ArraySpec(shape, dtype));
    const program = await executor.compile(f, specs, { name, itemwise, workers: 2 });
    try {
      const on = async (worker: number): Promise<HostArray[]> => {
        const placed = await program.run(arrays, { worker });
        const fetched = await executor.fetch(placed);
        executor.release(placed);
        return tree.leaves(fetched as never);
      };
      return await Promise.all([on(0), on(1)]);
    } finally {
      await program.dispose();
    }
  },
});
