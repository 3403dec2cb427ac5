/** What a frozen network may still learn is nothing that deterministic mode computes: to the last bit. */
import { random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { HostArray } from "../../src/executor/executor.js";
import { makeRng } from "../../src/math/rng.js";
import { parameterPaths } from "../../src/params/parameter-paths.js";
import { treeFlatten } from "../../src/params/pytree.js";
import { catalog } from "../catalog.js";
import { at, numbersOf } from "../support/arrays.js";
import { host, prepare, toParams } from "../support/prepare.js";

const learning = catalog.filter(({ layer }) => {
  const leaves = parameterPaths(layer.init(random.key(1)), layer.frozenParameterKinds ?? "fixed");
  return leaves.some(({ kind: manifold }) => manifold !== "fixed");
});

describe("deterministic mode does not see what a frozen layer learns", () => {
  it.each(learning)("$name", async (entry) => {
    const { layer } = entry;
    const { hostParams, x, meanNoise } = await prepare(entry, "float32");
    const leaves = parameterPaths(toParams(hostParams, "float32"), layer.frozenParameterKinds ?? "fixed");
    const rng = makeRng(6);
    const { leaves: arrays, rebuild } = treeFlatten<HostArray>(hostParams);
    const moved = rebuild(
      arrays.map(({ data, shape }, i) =>
        host(
          Array.from(data, (v) => (at(leaves, i).kind === "fixed" ? v : v + rng.normal())),
          shape,
        ),
      ),
    );
    const [before, after] = [hostParams, moved].map((own) => {
      const noise = meanNoise(layer.forwardNoise);
      const { z, contribution } = layer.forward(toParams(own, "float32"), x(), noise);
      contribution.dispose();
      return numbersOf(z);
    });
    expect(await after).toEqual(await before);
  });

  it("is tried for every kind of layer that learns more than its function", () => {
    const names = new Set(learning.map(({ layer }) => layer.name));
    expect(names).toEqual(
      new Set([
        "linear",
        "pad",
        "tile",
        "kernel",
        "conv2d",
        "avgPool2d",
        "branches",
        "maxPool2d",
        "conv1d",
        "relu",
        "clip",
        "split",
        "parallel",
        "chain",
      ]),
    );
  });
});
