import { nativeExecutor } from "@flowify/onnx";
import { fuzzLowering, type LoweringFuzz } from "../../packages/jax-to-onnx/test/fuzz/fuzz-lowering.js";
import { twoWorkers } from "../../packages/onnx/test/run-on-workers.js";

/** Lowers random programs until `enough` says so, a quarter of them on two threads as well. */
export async function fuzzPrograms(
  seed: number,
  enough: (cases: number) => boolean,
  first: number,
): Promise<LoweringFuzz> {
  const executor = await nativeExecutor({ threads: 2 });
  try {
    return await fuzzLowering(seed, enough, { first, elsewhere: twoWorkers(executor) });
  } finally {
    await executor.dispose();
  }
}
