import { type JsTree, numpy as np } from "@jax-js/jax";
import { UsageError } from "../errors.js";
import { ArraySpec, type Compiled, type Executor } from "../executor/executor.js";
import type { Flow } from "../flow.js";
import { nth } from "../lists.js";
import { makeRng, permutation } from "../math/rng.js";
import { mapNoise, noiseDrawer, noiseShape } from "../noise.js";
import { HostArray } from "../params/host-array.js";
import { treeMap } from "../params/pytree.js";
import { STREAM } from "./data.js";
import { type DataIn, type ExampleReader, pairReader, subset } from "./source.js";

/**
 * Examples to train on and held-out ones: others, or a share of the data, drawn at random by the seed.
 *
 * Errors: `UsageError` for a share outside of (0, 1), or of which one side is left without examples.
 */
export function splitHeldOut(
  data: ExampleReader,
  validation: number | DataIn | undefined,
  flow: Pick<Flow, "domain" | "condition">,
  seed: number,
  condition?: DataIn,
): { train: ExampleReader; held: ExampleReader | undefined } {
  if (validation === undefined) return { train: data, held: undefined };
  if (typeof validation !== "number")
    return { train: data, held: pairReader("validation", validation, condition, flow) };
  if (!(validation > 0 && validation < 1))
    throw new UsageError(`the share of validation must be between 0 and 1, got ${validation}`);
  const count = Math.round(validation * data.count);
  if (count < 1 || count >= data.count)
    throw new UsageError(
      `a share of ${validation} of ${data.count} examples holds ${count} out: at least one must be held out, and one left to train on`,
    );
  const { train, held } = heldOutPlaces(data.count, validation, seed);
  return { train: subset(data, train), held: subset(data, held) };
}

/** Which of so many examples `fit` trains on, and which a share of `validation` holds out. */
function heldOutPlaces(
  count: number,
  validation: number,
  seed: number,
): { train: Uint32Array; held: Uint32Array } {
  const order = permutation(makeRng(seed, STREAM.heldOut), count);
  const held = Math.round(validation * count);
  return { train: order.subarray(held).sort(), held: order.subarray(0, held).sort() };
}

/** Examples of one call of the compiled function, at most. */
const AT_ONCE = 256;

/** Measures parameters on held-out examples: compiles log p once, when it is first asked for. */
export function heldOut(flow: Flow, executor: Executor, data: ExampleReader, seed: number) {
  const { count, conditions } = data;
  const { condition } = flow;
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
        ...(condition ? [new ArraySpec([size, ...condition.shape], np.float32)] : []),
      ],
      { name: "held-out", itemwise: true },
    );

  return {
    /** log p of the examples in nats, with the same noise each time. */
    async measure(params: JsTree<HostArray>): Promise<Float64Array> {
      compiled ??= await compile(params);
      const placed = await executor.place(params);
      const logs = new Float64Array(count);
      try {
        for (let done = 0; done < count; done += size) {
          // the last batch is filled up with examples from the front, which are not counted
          const indices = Uint32Array.from({ length: size }, (_, i) => (done + i) % count);
          const x = new HostArray(await data.read(indices), [size, ...flow.inShape], np.float32);
          const noise = draw(makeRng(seed, STREAM.heldOut, done));
          const given =
            conditions && condition
              ? [new HostArray(await conditions.read(indices), [size, ...condition.shape], np.float32)]
              : [];
          const out = await compiled.run([placed, x, noise, ...given]);
          const { data: logProb } = await executor.fetch<HostArray>(out);
          executor.release(out);
          for (let i = 0; i < Math.min(size, count - done); i++) logs[done + i] = nth(logProb, i);
        }
      } finally {
        executor.release(placed);
      }
      return logs;
    },
    dispose: async (): Promise<void> => compiled?.dispose(),
  };
}

export type HeldOut = ReturnType<typeof heldOut>;
