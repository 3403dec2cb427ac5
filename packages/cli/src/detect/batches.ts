import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec, type Compiled } from "@flowify/core/internal";
import { type JsTree, numpy as np, tree } from "@jax-js/jax";

/**
 * Calls `work` for the pieces 0, 1, … on all workers of an executor: each takes the next piece as soon as it is free. A worker in another
 * thread has a second piece waiting, because this thread may be busy when it finishes one.
 */
async function overWorkers(
  { workers = 1 }: Executor,
  pieces: number,
  work: (piece: number, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const takePieces = async (worker: number): Promise<void> => {
    try {
      while (next < pieces) await work(next++, worker);
    } catch (error) {
      next = pieces; // the other workers stop
      throw error;
    }
  };
  const others = Array.from({ length: workers - 1 }, (_, i) => i + 1);
  const ends = await Promise.allSettled([...others, ...others, 0].map(takePieces));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** Rows in one call, and numbers in it, about: splines hold some hundred times as many. */
const MOST = { rows: 512, numbers: 2 ** 18 } as const;

/** A pure function of rows [B, width], which is [B] or [B, …] for each name, and the arrays that it needs. It consumes both. */
export type RowFunction = Readonly<{
  constants: JsTree<HostArray>;
  f(constants: never, x: np.Array): Readonly<Record<string, np.Array>>;
}>;

/** A function of constants and rows [n, width], for any number of rows: [n] or [n, …] for each name. */
export type RowProgram = Readonly<{
  run(rows: Float32Array): Promise<Readonly<Record<string, Float32Array>>>;
  dispose(): Promise<void>;
}>;

/**
 * Compiles a function when it is first called, for batches of one size, so that the last digit of a row does not
 * depend on how many others there are.
 */
export function rowProgram(
  executor: Executor,
  { constants, f }: RowFunction,
  width: number,
  name: string,
): RowProgram {
  const atOnce = Math.max(1, Math.min(MOST.rows, Math.floor(MOST.numbers / width)));
  const open = async () => {
    const specs = tree.map((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype), constants as never);
    const rows = new ArraySpec([atOnce, width], np.float32);
    const program: Compiled<{ readonly [name: string]: object }> = await executor.compile(
      f,
      [specs, rows] as never,
      {
        name,
        workers: executor.workers ?? 1,
        itemwise: true,
        constant: constants,
      },
    );
    const placed: JsTree<object> = await executor.place(constants);
    return { program, placed };
  };
  let opened: ReturnType<typeof open> | undefined;
  return {
    async run(rows) {
      const count = rows.length / width;
      opened ??= open();
      const { program, placed } = await opened;
      const out: { [name: string]: Float32Array } = {};
      await overWorkers(executor, Math.ceil(count / atOnce), async (piece, worker) => {
        const at = piece * atOnce;
        const part = rows.subarray(at * width, (at + atOnce) * width);
        const batch = part.length === atOnce * width ? part : new Float32Array(atOnce * width);
        if (batch !== part) batch.set(part);
        const x = new HostArray(batch, [atOnce, width], np.float32);
        const result = await program.run([placed, x], { worker });
        type Found = { readonly [name: string]: HostArray };
        const found = executor.peek?.<Found>(result) ?? (await executor.fetch<Found>(result));
        for (const [key, { data }] of Object.entries(found)) {
          const each = data.length / atOnce;
          out[key] ??= new Float32Array(count * each);
          out[key].set((data as Float32Array).subarray(0, (part.length / width) * each), at * each);
        }
        executor.release(result);
      });
      return out;
    },
    async dispose() {
      const made = await opened?.catch(() => undefined); // the error is that of `run`
      if (made === undefined) return;
      executor.release(made.placed);
      await made.program.dispose();
    },
  };
}
