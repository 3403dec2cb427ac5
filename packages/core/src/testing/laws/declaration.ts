import { random } from "@jax-js/jax";
import { LawError } from "../../errors.js";
import { arraysOf } from "../arrays.js";
import { noiseSize, usePrecision } from "../prepare.js";
import type { Law } from "../subject.js";

/** A record that nobody changes, whose flag `exact` says what its noises say. */
export const declaration: Law = {
  name: "declaration",
  promise: "a layer is frozen, and exact where it draws no noise forward",
  check: async ({ layer }) => {
    if (!Object.isFrozen(layer))
      throw new LawError("declaration", "the record can be changed: make it with `defineLayer`");
    const drawn = noiseSize(layer.forwardNoise);
    if (layer.exact !== (drawn === 0))
      throw new LawError(
        "declaration",
        `exact is ${layer.exact}, but ${drawn} numbers an example are drawn forward: expected ${drawn === 0}`,
      );
    return [];
  },
};

/** Initial values are a function of the key. */
export const init: Law = {
  name: "init",
  promise: "the same key starts the same parameters, another key gives them the same shapes",
  check: async ({ layer }) => {
    usePrecision("float32");
    const read = (seed: number) =>
      arraysOf(layer.init(random.key(seed))).map((leaf) => ({
        shape: leaf.shape.join(),
        values: Array.from(leaf.dataSync()),
      }));
    const [first, again, other] = [read(3), read(3), read(4)];
    const same = first.every(({ values }, i) => values.every((v, k) => Object.is(v, again[i]?.values[k])));
    if (!same || first.length !== again.length)
      throw new LawError("init", "two calls with the same key give other parameters");
    if (first.map(({ shape }) => shape).join(";") !== other.map(({ shape }) => shape).join(";"))
      throw new LawError("init", "the shapes of the parameters depend on the key");
    return [];
  },
};
