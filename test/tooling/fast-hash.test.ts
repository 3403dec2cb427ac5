import { expect, it } from "vitest";
import { expressionsOf } from "../vitest/fast-hash.js";

it("replaces functions of jax-js once, however many test files share a process", async () => {
  const { simplify } = await expressionsOf();
  // as for the next file: the module runs anew
  const again = "../vitest/fast-hash.js?again";
  await import(/* @vite-ignore */ again);
  expect((await expressionsOf()).simplify).toBe(simplify);
});
