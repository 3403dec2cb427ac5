import { numpy as np, random, tree } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { type ArrayTree, type FlowLayer, showShape, sizeOf } from "../../src/layer.js";
import { makeRng } from "../../src/math/rng.js";
import { drawNoise, mapTreeOfNoise } from "../../src/noise.js";
import { floats, fromHost } from "../../src/params/host.js";
import { treeMap } from "../../src/params/pytree.js";
import { catalog } from "../catalog.js";
import { partsOf } from "../catalog-images.js";
import { at, examplesOf, numbersOf, readAll } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";
import { liveBuffers } from "../support/live-buffers.js";
import { usePrecision } from "../support/prepare.js";

beforeAll(async () => {
  usePrecision("float32");
  await readAll(np.zeros([200]).add(1));
});

const COUNT = 300;

/** Skewed entries, each of a spread of its own: what their principal directions are is beyond rounding. */
function examplesFor({ inShape, levels }: FlowLayer): Float32Array {
  const rng = makeRng(4);
  const size = sizeOf(inShape);
  return Float32Array.from({ length: COUNT * size }, (_, i) => {
    const u = rng.uniform();
    return levels ? Math.floor(levels * u ** (1 + (i % 3))) : (1 + (i % size)) * (2 * u * u - 0.5);
  });
}

async function startOf(layer: FlowLayer, atOnce = 128): Promise<ArrayTree> {
  const key = random.key(1);
  return layer.initFromData
    ? layer.initFromData(key, examplesOf(examplesFor(layer), COUNT, layer.inShape, atOnce))
    : layer.init(key);
}

const outline = (params: ArrayTree): unknown =>
  treeMap(({ dtype, shape }: np.Array) => `${dtype} ${showShape(shape, false)}`, params);

const starting = catalog.filter(({ layer }) => layer.initFromData);

describe("start values from data are a finite tree like that of init, and nothing else stays alive", () => {
  it.each(starting)("$name", async ({ layer }) => {
    const initial = layer.init(random.key(1));
    const params = await startOf(layer);
    expect(outline(params)).toEqual(outline(initial));
    tree.dispose(initial);
    expect((await readAll(params)).flat().every(Number.isFinite)).toBe(true);
    const before = liveBuffers();
    await readAll(await startOf(layer));
    expect(liveBuffers()).toBe(before);
  });
});

describe("start values from data do not depend on how the examples are cut", () => {
  it.each(starting)("$name", async ({ layer, condition }) => {
    const atOnce = await readAll(await startOf(layer, COUNT));
    const inParts = await readAll(await startOf(layer));
    for (const [i, leaf] of inParts.entries()) expectClose(leaf, at(atOnce, i), "start", condition);
  });
});

/** A layer and those that it is made of. */
const allOf = (layer: FlowLayer): FlowLayer[] => [layer, ...(partsOf(layer) ?? []).flatMap(allOf)];

const identities = catalog.flatMap(({ name, layer }) =>
  allOf(layer)
    .filter((part) => part.identityAtInit)
    .map((part, i) => ({ name: `${name}: ${part.name} ${i}`, layer: part })),
);

describe("what says that it starts as the identity gives x, and L = 0", () => {
  it.each(identities)("$name", async ({ layer }) => {
    const data = examplesFor(layer);
    for (const params of [layer.init(random.key(1)), await startOf(layer)]) {
      const noise = mapTreeOfNoise(drawNoise(layer.forwardNoise, COUNT, makeRng(5)), (a) => fromHost(a));
      const { z, contribution } = layer.forward(params, floats(data, [COUNT, ...layer.inShape]), noise);
      expectClose(await numbersOf(z), data, "roundTrip32");
      expectClose(await numbersOf(contribution), new Array<number>(COUNT).fill(0), "roundTrip32");
    }
  });
});
