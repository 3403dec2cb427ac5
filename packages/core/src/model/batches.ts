import { type JsTree, numpy } from "@jax-js/jax";
import { UsageError } from "../errors.js";
import type { Examples } from "../examples.js";
import { ArraySpec, type Compiled, type Executor, type PlacedArray } from "../executor/executor.js";
import { partsOf } from "../executor/parts.js";
import { lifetime } from "../lifetime.js";
import { nth } from "../lists.js";
import { mapNoise, noiseShape } from "../noise.js";
import type { HostArray } from "../params/host-array.js";
import { treeFlatten, treeMap } from "../params/pytree.js";
import {
  type BatchMemory,
  batchMemory,
  batchSizeOf,
  LARGEST,
  partsOfExamples,
  type RowFunction,
  type RunOptions,
} from "./batch-parts.js";

/** Most parameters to build into the programs of whole batches: each program then has a copy. */
const MOST_BUILT_IN = 2 ** 25;

/**
 * Runs row functions over any number of examples: in batches of 256, the last one padded, and a single one to a power of
 * two or eight, so that a few compiled sizes serve all. A batch is computed in parts, each on the next free worker. Noise of
 * batch b is a function of (seed, stream, b). `moving`: the parameters will be replaced, so programs take them as arguments.
 */
export function batchRunner(executor: Executor, params: JsTree<HostArray>, { moving = false } = {}) {
  const life = lifetime("model");
  const state = { placed: executor.place(params) };
  const paramSpecs = treeMap((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype), params);
  const numbers = treeFlatten<HostArray>(params).leaves.reduce((sum, { data }) => sum + data.length, 0);
  const compiled = new Map<string, Promise<Compiled>>();
  const memories = new Map<string, BatchMemory>();
  const compile = (row: RowFunction, batch: number): Promise<Compiled> => {
    const size = batch / partsOf(executor, batch);
    const key = `${row.name}/${batch}`;
    let found = compiled.get(key);
    if (!found) {
      const noise = mapNoise(row.noise, (d) => new ArraySpec(noiseShape(d, size), numpy.float32));
      const x = new ArraySpec([size, ...row.inShape], numpy.float32);
      const given = row.condition ? [new ArraySpec([size, ...row.condition], numpy.float32)] : [];
      found = executor.compile(row.f, [paramSpecs, x, noise, ...given], {
        name: row.name,
        workers: batch / size,
        itemwise: row.itemwise,
        constant: !moving && batch === LARGEST && numbers <= MOST_BUILT_IN ? params : undefined,
      });
      compiled.set(key, found);
    }
    return found;
  };
  return {
    get disposed(): boolean {
      return life.disposed;
    },
    /** Errors: `UsageError` where the parameters are parts of the programs. */
    async moveTo(next: JsTree<HostArray>): Promise<void> {
      if (!moving)
        throw new UsageError(
          "the parameters of this model are parts of its programs: make it with `moving` to replace them",
        );
      life.expectAlive();
      await life.settled();
      executor.release(await state.placed);
      state.placed = executor.place(next);
      await state.placed;
    },
    /** Compiles what `run` of so many examples takes, which `run` does otherwise. */
    async prepare(row: RowFunction, count: number): Promise<void> {
      await compile(row, batchSizeOf(count, row));
    },
    /** All rows, one after another. */
    run: life.during(
      async (
        row: RowFunction,
        examples: Examples,
        stream: number,
        { seed = 0, mode = "sample", temperature = 1, ...more }: RunOptions,
      ): Promise<Float32Array> => {
        const { count } = examples;
        const placed = await state.placed;
        if (count === 0) return new Float32Array(0);
        const options = { seed, stream, mode, temperature, ...more };
        const memory = memories.get(row.name) ?? batchMemory(row);
        memories.set(row.name, memory);
        const queue = partsOfExamples(executor, row, memory, examples, options);
        let left = count;
        let out: Float32Array | undefined;
        /**
         * Processes one part after another on one worker. `ahead`: prepares a part while the worker computes another one.
         */
        const work = async (own: number, ahead: boolean): Promise<void> => {
          let spare: JsTree<PlacedArray> | undefined;
          try {
            // at the end no worker should hold two parts while another has none
            while (left > (ahead ? LARGEST : 0)) {
              life.expectAlive();
              const { value: part } = queue.next();
              if (part === undefined) break;
              left -= part.rows;
              const program = await compile(row, part.size);
              const worker = part.parts > 1 ? own : 0;
              // the memory of a result is reused on its worker
              const into = worker === own ? spare : undefined;
              if (spare && !into) executor.release(spare);
              spare = undefined;
              spare = await program.run([placed, ...part.args], { worker, ...(into && { into }) });
              part.release();
              const { data, shape } =
                executor.peek?.<HostArray>(spare) ?? (await executor.fetch<HostArray>(spare));
              const each = data.length / nth(shape, 0);
              out ??= new Float32Array(count * each);
              const rows = (data as Float32Array).subarray(0, part.rows * each);
              more.check?.(rows, part.rows, part.at);
              out.set(rows, part.at * each);
            }
          } catch (error) {
            left = 0; // yields to the other workers
            throw error;
          } finally {
            if (spare) executor.release(spare);
          }
        };
        const workers = Array.from({ length: partsOf(executor, LARGEST) }, (_, worker) => worker);
        const ends = await Promise.allSettled([
          ...workers.map((worker) => work(worker, false)),
          // the next part is ready on a worker in another thread, because this thread may be busy when the worker
          // finishes
          ...workers.slice(1).map((worker) => work(worker, true)),
        ]);
        for (const end of ends) if (end.status === "rejected") throw end.reason;
        return out as unknown as Float32Array;
      },
    ),
    dispose: life.disposer(async () => {
      for (const entry of compiled.values()) await (await entry).dispose();
      compiled.clear();
      memories.clear();
      executor.release(await state.placed);
    }),
  };
}

export type BatchRunner = ReturnType<typeof batchRunner>;
