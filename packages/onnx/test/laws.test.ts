/** Every layer of the catalog, forward, back and its gradient: ONNX Runtime gives what jax-js gives. */
import type { Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type AnyFunction, arraysOf, call, gradient, readAll } from "../../core/src/testing/arrays.js";
import { meanLogLikelihood } from "../../core/src/testing/likelihood.js";
import { prepare } from "../../core/src/testing/prepare.js";
import { catalog, tagsOf } from "../../core/test/catalog.js";
import { hostLeaves, mapHost, toHostTree } from "../../core/test/support/arrays.js";
import { expectClose } from "../../core/test/support/compare.js";
import { native } from "./compare.js";

let executor: Executor;
beforeAll(async () => {
  executor = await native();
});
afterAll(async () => {
  await executor.dispose();
});

/** Compares one function on the same numbers; `args` makes the arguments anew. */
async function expectSame(f: AnyFunction, args: () => unknown[], condition: number): Promise<void> {
  const given = await toHostTree(args());
  const specs = mapHost((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype), given);
  const compiled = await executor.compile(f as never, specs as never);
  const result = await compiled.run(given as never);
  const ours = hostLeaves(await executor.fetch(result));
  const theirs = await readAll(call(f, args()));
  for (const [i, leaf] of theirs.entries())
    if (leaf.length === 0 && ours[i]?.data.length === 0) continue;
    else expectClose(ours[i]?.data ?? [], leaf, "native", condition);
  executor.release(result);
  await compiled.dispose();
}

describe("native = wasm", () => {
  for (const entry of catalog)
    it(`${entry.name}`, { tags: tagsOf(entry) }, async () => {
      const { params, x, z, forwardNoise, inverseNoise } = await prepare(entry, "float32");
      const { layer, condition = 1 } = entry;
      const forward = (): unknown[] => [params(), x(), forwardNoise()];
      await expectSame(layer.forward, forward, condition);
      await expectSame(layer.inverse, () => [params(), z(), inverseNoise()], condition);
      if (arraysOf(params()).length > 0)
        await expectSame(gradient(meanLogLikelihood(layer)), forward, condition);
    });
});
