import { tree } from "@jax-js/jax";
import { LawError } from "../../errors.js";
import type { NoiseSpec, NoiseTree } from "../../noise.js";
import { prepare } from "../prepare.js";
import type { Law } from "../subject.js";

/** The noises with every record watched: names that are read but not declared go into `unknown`. */
function watched(spec: NoiseSpec, noise: NoiseTree, unknown: Set<string>): NoiseTree {
  if (typeof (spec as { distribution?: unknown }).distribution === "string") return noise;
  if (Array.isArray(spec))
    return (spec as readonly NoiseSpec[]).map((each, i) =>
      watched(each, (noise as NoiseTree[])[i] as NoiseTree, unknown),
    );
  const record = Object.fromEntries(
    Object.entries(spec).map(([name, each]) => [
      name,
      watched(each, (noise as { [name: string]: NoiseTree })[name] as NoiseTree, unknown),
    ]),
  );
  return new Proxy(record, {
    get(target, name) {
      if (typeof name === "string" && !(name in target)) unknown.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
}

/** What a layer takes from its noises, it declares: drivers draw nothing else. */
export const noise: Law = {
  name: "noise",
  promise: "a layer does with the noises that it declares",
  check: async (subject) => {
    const { layer } = subject;
    const { params, x, z, forwardNoise, inverseNoise } = await prepare(subject, "float32");
    const directions = {
      forwardNoise: (unknown: Set<string>): unknown =>
        layer.forward(params(), x(), watched(layer.forwardNoise, forwardNoise(), unknown)),
      inverseNoise: (unknown: Set<string>): unknown =>
        layer.inverse(params(), z(), watched(layer.inverseNoise, inverseNoise(), unknown)),
    };
    for (const [field, run] of Object.entries(directions)) {
      const unknown = new Set<string>();
      try {
        tree.dispose(run(unknown) as never);
      } catch (error) {
        // one that may be absent is looked for as well: it is wrong only where the layer cannot do without
        if (unknown.size === 0) throw error;
        throw new LawError("noise", `needs ${[...unknown].join(", ")}, which ${field} does not declare`, {
          cause: error,
        });
      }
    }
    return [];
  },
};
