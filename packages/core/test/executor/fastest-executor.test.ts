import { afterEach, expect, it, vi } from "vitest";
import { fastestExecutor } from "../../src/index.js";

afterEach(() => vi.unstubAllGlobals());

const withAdapter = async (requestAdapter: () => Promise<unknown>): Promise<string> => {
  vi.stubGlobal("navigator", { gpu: { requestAdapter } });
  return (await fastestExecutor()).name;
};

it("is jax-js where there is no graphics card, one that is software, or one that cannot be opened", async () => {
  vi.stubGlobal("navigator", undefined);
  expect((await fastestExecutor()).name).toBe("jax");
  expect(await withAdapter(async () => null)).toBe("jax");
  expect(await withAdapter(async () => ({ info: { isFallbackAdapter: true } }))).toBe("jax");
  expect(await withAdapter(() => Promise.reject(new Error("no")))).toBe("jax");
  expect(
    await withAdapter(async () => ({ info: {}, requestDevice: () => Promise.reject(new Error("no")) })),
  ).toBe("jax");
});
