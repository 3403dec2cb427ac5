import { DeviceError, type Executor, type HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { DType, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { nativeExecutor, nativeProviders } from "../src/index.js";
import { native, spread } from "./compare.js";

const spec = new ArraySpec([8, 8], DType.Float32);
const [a, b] = [spread([8, 8], DType.Float32), spread([8, 8], DType.Float32, 2)];

async function productOn(executor: Executor): Promise<number[]> {
  const product = await executor.compile((x: np.Array, y: np.Array) => np.matmul(x, y), [spec, spec]);
  const { data } = await executor.fetch<HostArray>(await product.run([a, b]));
  return Array.from(data);
}

/** Largest difference of a product from the CPU's, or why there is none. */
async function attempt(provider: string): Promise<number | string> {
  try {
    const executor = await nativeExecutor({ provider });
    const [found, expected] = [await productOn(executor), await productOn(await native())];
    await executor.dispose();
    return Math.max(...found.map((value, i) => Math.abs(value - (expected[i] as number))));
  } catch (error) {
    if (error instanceof DeviceError) return error.message;
    throw error;
  }
}

describe("another provider of ONNX Runtime", async () => {
  it.each(await nativeProviders())(
    "%s multiplies as the CPU does, or says what is missing",
    async (provider) => {
      const outcome = await attempt(provider);
      const missing = `ONNX Runtime's provider ${provider} does not start: its library or a device for it is missing`;
      expect(outcome === missing || (outcome as number) < 1e-5).toBe(true);
    },
  );

  it("that there is not: its name and those that there are", async () => {
    const error = await nativeExecutor({ provider: "abacus" }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: "DeviceError",
      message: expect.stringContaining('no provider "abacus"'),
    });
    for (const provider of await nativeProviders()) expect((error as Error).message).toContain(provider);
  });
});
