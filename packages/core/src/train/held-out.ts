import { type JsTree, numpy as np } from "@jax-js/jax";
import { ArraySpec, type Compiled, type Executor } from "../executor/executor.js";
import type { Flow } from "../flow.js";
import { makeRng } from "../math/rng.js";
import { mapNoise, noiseDrawer, noiseShape } from "../noise.js";
import { HostArray } from "../params/host-array.js";
import { treeMap } from "../params/pytree.js";
import { STREAM } from "./data.js";
import type { ExampleReader } from "./source.js";

/** Examples of one call of the compiled function, at most. */
const AT_ONCE = 256;

/** Measures parameters on held-out examples. */
export type HeldOut = Readonly<{
  /** Mean log p of the examples in nats, with the same noise each time; NaN where that of one is. */
  measure(params: JsTree<HostArray>): Promise<number>;
  dispose(): Promise<void>;
}>;

/** Compiles log p once, when it is first asked for, for any number of measurements. */
export function heldOut(flow: Flow, executor: Executor, data: ExampleReader, seed: number): HeldOut {
  const { count } = data;
  const size = Math.min(AT_ONCE, count);
  let compiled: Compiled | undefined;
  const draw = noiseDrawer(flow.forwardNoise, size);

  const compile = async (params: JsTree<HostArray>): Promise<Compiled> =>
    executor.compile(
      flow.logProb,
      [
        treeMap(({ shape, dtype }: HostArray) => new ArraySpec(shape, dtype), params),
        new ArraySpec([size, ...flow.inShape], np.float32),
        mapNoise<ArraySpec>(flow.forwardNoise, (d) => new ArraySpec(noiseShape(d, size), np.float32)),
      ],
      { name: "held-out", itemwise: true },
    );

  return {
    async measure(params) {
      compiled ??= await compile(params);
      const placed = await executor.place(params);
      let sum = 0;
      try {
        for (let done = 0; done < count; done += size) {
          // the last batch is filled up with examples from the front, which are not counted
          const indices = Uint32Array.from({ length: size }, (_, i) => (done + i) % count);
          const x = new HostArray(await data.read(indices), [size, ...flow.inShape], np.float32);
          const noise = draw(makeRng(seed, STREAM.heldOut, done));
          const out = await compiled.run([placed, x, noise]);
          const { data: logProb } = (await executor.fetch(out)) as HostArray;
          executor.release(out);
          for (let i = 0; i < Math.min(size, count - done); i++) sum += logProb[i] as number;
        }
      } finally {
        executor.release(placed);
      }
      return sum / count;
    },
    dispose: async () => compiled?.dispose(),
  };
}
