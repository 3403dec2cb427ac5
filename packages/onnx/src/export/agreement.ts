import { type Executor, type HostArray, makeRng } from "@flowify/core";
import { tree } from "@jax-js/jax";
import type { Runtime } from "../runtime.js";
import { type ExportedProgram, specsOf } from "./exported.js";

/** How an exported file compares with the flow that it was made from. */
export type Agreement = Readonly<{
  batch: number;
  /** The largest difference of an entry of the first result, as a part of the largest entry. */
  largest: number;
  /** The part of entries that differ by more than 1e-4 of the largest one. */
  differing: number;
}>;

const CLOSE = 1e-4;

/**
 * Runs the bytes of an exported program in ONNX Runtime, on random items or latents and drawn noise,
 * and the function behind it on the same, in an executor.
 */
export async function compareExport(
  runtime: Runtime,
  executor: Executor,
  { name, inputs, outputs, source }: ExportedProgram,
  bytes: Uint8Array,
  batches: readonly number[],
): Promise<Agreement[]> {
  const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const found: Agreement[] = [];
    for (const batch of batches) {
      const args = source.example(batch, makeRng(batch));
      const compiled = await executor.compile(source.run, args.map(specsOf), { name });
      const placed = await compiled.run(args);
      const [expected] = tree.leaves((await executor.fetch(placed)) as never) as unknown as HostArray[];
      executor.release(placed);
      await compiled.dispose();
      const leaves = args.flatMap((arg) => tree.leaves(arg as never)) as unknown as HostArray[];
      const given = new Map(source.names.map((each, i) => [each, leaves[i] as HostArray]));
      const feeds = Object.fromEntries(
        inputs.map((input) => {
          const { data, shape } = given.get(input.name) as HostArray;
          return [input.name, new runtime.Tensor("float32", data as Float32Array, [...shape])];
        }),
      );
      const results = await session.run(feeds);
      const actual = results[outputs[0]?.name ?? ""]?.data as Float32Array;
      found.push({ batch, ...difference(actual, (expected as HostArray).data as Float32Array) });
    }
    return found;
  } finally {
    await session.release();
  }
}

function difference(actual: Float32Array, expected: Float32Array): Pick<Agreement, "largest" | "differing"> {
  const scale = expected.reduce((top, v) => Math.max(top, Math.abs(v)), 1e-30);
  let [largest, differing] = [0, actual.length === expected.length ? 0 : expected.length];
  expected.forEach((value, i) => {
    const off = Math.abs(value - (actual[i] ?? Number.NaN)) / scale;
    if (!(off <= CLOSE)) differing++;
    if (!(off <= largest)) largest = off;
  });
  return { largest, differing: differing / expected.length };
}
