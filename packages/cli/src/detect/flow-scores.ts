import { type Executor, type Flow, type FlowModel, HostArray } from "@flowify/core";
import { ArraySpec, type Compiled } from "@flowify/core/internal";
import { mapNoise } from "@flowify/core/layer";
import { numpy as np, tree } from "@jax-js/jax";
import { lazyPromise, overWorkers } from "./over-workers.js";

/** Rows in one call: a small flow spends most of the time of a small batch between its operations. */
const MOST_ROWS = 1024;
/** Numbers in one call, about: splines hold some hundred times as many. */
const MOST_NUMBERS = 2 ** 18;

/**
 * log p by a flow without noise, in batches that are larger than those of `FlowModel.logProb`; all have one size, so that
 * the last digit of a row does not depend on how many others there are.
 */
export function flowScores(executor: Executor, flow: Flow, model: FlowModel) {
  const width = flow.dimensions;
  const atOnce = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_NUMBERS / width)));
  const noise = mapNoise(flow.forwardNoise, () => {
    throw new TypeError("expected a flow without noise");
  });
  const specs = tree.map((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype), model.params as never);
  let opened: Promise<Compiled> | undefined;
  const open = lazyPromise(() => {
    const rows = new ArraySpec([atOnce, width], np.float32);
    opened = executor.compile(flow.ledger, [specs, rows, noise], {
      name: "flow",
      workers: true,
      itemwise: true,
      constant: model.params,
    });
    return opened;
  });
  return {
    /** Errors: those of `FlowModel.logProb`. */
    async logProb(rows: Float32Array): Promise<Float64Array> {
      const count = rows.length / width;
      const program = await open();
      const out = new Float64Array(count);
      await overWorkers(executor, Math.ceil(count / atOnce), async (piece, worker) => {
        const at = piece * atOnce;
        const part = rows.subarray(at * width, (at + atOnce) * width);
        const batch = part.length === atOnce * width ? part : new Float32Array(atOnce * width);
        if (batch !== part) batch.set(part);
        const x = new HostArray(batch, [atOnce, width], np.float32);
        const result = await program.run([model.params, x, noise], { worker });
        const { data, shape } = (executor.peek?.(result) ?? (await executor.fetch(result))) as HostArray;
        const lines = shape[1]!;
        for (let i = 0; i < part.length / width; i++)
          for (let line = 0; line < lines; line++) out[at + i]! += data[i * lines + line]!;
        executor.release(result);
      });
      // the model names the row and the layer
      return out.every((nats) => nats < Number.POSITIVE_INFINITY) ? out : model.logProb(rows);
    },
    async dispose(): Promise<void> {
      await (await opened)?.dispose();
      await model.dispose();
    },
  };
}
