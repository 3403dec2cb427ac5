import { numpy as np, random, tree } from "@jax-js/jax";
import { LawError } from "../../errors.js";
import { calibrationData } from "../../init/calibration-data.js";
import type { ArrayTree, FlowLayer } from "../../layer.js";
import { nth } from "../../lists.js";
import { makeRng } from "../../math/rng.js";
import { drawNoise, mapTreeOfNoise } from "../../noise.js";
import { floats, fromHost } from "../../params/host.js";
import { HostArray } from "../../params/host-array.js";
import { parameterPaths } from "../../params/parameter-paths.js";
import { treeLeaves } from "../../params/pytree.js";
import { showShape, sizeOf } from "../../shape.js";
import { numbersOf, readAll } from "../arrays.js";
import { bufferCounter } from "../live-buffers.js";
import { usePrecision } from "../prepare.js";
import type { Figure, Law } from "../subject.js";
import { within } from "../within.js";

/** In two parts, of which the second is shorter. */
const COUNT = 200;
const IN_PARTS = 128;

/** Skewed entries, each of a spread of its own: what their principal directions are is beyond rounding. */
function examplesFor({ inShape, facts: { levels } }: FlowLayer): Float32Array {
  const rng = makeRng(4);
  const size = sizeOf(inShape);
  return Float32Array.from({ length: COUNT * size }, (_, i) => {
    const u = rng.uniform();
    return levels ? Math.floor(levels * u ** (1 + (i % 3))) : (1 + (i % size)) * (2 * u * u - 0.5);
  });
}

async function startOf(layer: FlowLayer, atOnce = IN_PARTS): Promise<ArrayTree> {
  const key = random.key(1);
  if (!layer.initFromData) return layer.init(key);
  const data = new HostArray(examplesFor(layer), [COUNT, ...layer.inShape], np.float32);
  return layer.initFromData(key, calibrationData(data, { atOnce }));
}

/** One line a parameter: its path, type and shape. */
const outline = (params: ArrayTree): string[] =>
  parameterPaths(params, {}).map(({ path }, i) => {
    const { dtype, shape } = nth(treeLeaves(params), i);
    return `${path} ${dtype} ${showShape(shape, false)}`;
  });

const name = "initFromData";

/** Initial values from data, eager. */
export const initFromData: Law = {
  name,
  promise:
    "initial values from data are a finite tree like that of init, the same however the examples are cut, and nothing else stays alive",
  skip: ({ layer }) => (layer.initFromData ? undefined : "it has no initial values from data"),
  check: async ({ layer, condition }) => {
    usePrecision("float32");
    await readAll(np.zeros([200]).add(1));
    const initial = layer.init(random.key(1));
    const params = await startOf(layer);
    const [wanted, found] = [outline(initial), outline(params)];
    const wrong = wanted.findIndex((line, i) => line !== found[i]);
    if (wrong >= 0 || wanted.length !== found.length)
      throw new LawError(
        name,
        `gives the parameters ${found.join("; ") || "none"}, init gives ${wanted.join("; ") || "none"}`,
      );
    tree.dispose(initial);
    if (!(await readAll(params)).flat().every(Number.isFinite))
      throw new LawError(name, "initial values from data are not finite");
    const live = await bufferCounter();
    const before = live();
    const inParts = await readAll(await startOf(layer));
    if (live() !== before) throw new LawError(name, `leaves ${live() - before} arrays alive`);
    const atOnce = await readAll(await startOf(layer, COUNT));
    return inParts.map(
      (leaf, i): Figure =>
        within(
          name,
          `${nth(found, i)}: examples in parts against all at once`,
          [leaf, nth(atOnce, i)],
          "start",
          condition,
        ),
    );
  },
};

/** What lets a start go past a layer. */
export const atInit: Law = {
  name: "atInit",
  promise: "what says how it starts gives that z; the identity also gives L = 0",
  skip: ({ layer }) => (layer.facts.atInit ? undefined : "it does not say how it starts"),
  check: async ({ layer }) => {
    usePrecision("float32");
    const data = examplesFor(layer);
    const figures: Figure[] = [];
    for (const [how, params] of [
      ["from init", layer.init(random.key(1))],
      ["from data", await startOf(layer)],
    ] as const) {
      const noise = () =>
        mapTreeOfNoise(drawNoise(layer.forwardNoise, COUNT, makeRng(5)), (a) => fromHost(a));
      const x = () => floats(data, [COUNT, ...layer.inShape]);
      const { z, contribution } = layer.forward(params, x(), noise());
      const promised = typeof layer.facts.atInit === "function" ? layer.facts.atInit(x(), noise()) : x();
      const zs = [await numbersOf(z), await numbersOf(promised)] as const;
      const ls = await numbersOf(contribution);
      figures.push(within(atInit.name, `z, ${how}, against what it says`, zs, "roundTrip32"));
      if (layer.facts.atInit === "identity")
        figures.push(within(atInit.name, `the contribution, ${how}`, [ls, ls.map(() => 0)], "roundTrip32"));
    }
    return figures;
  },
};
