import { UsageError } from "./errors.js";
import type { Network, NetworkLayer } from "./network/network.js";

const linear = (out: number): NetworkLayer => ({ kind: "linear", out });
const spline: NetworkLayer = { kind: "rqSpline" };

/** Dense layers of the given widths with the shared spline between them, not after the last. */
const dense = (...widths: number[]): NetworkLayer[] =>
  widths.flatMap((out, i) => (i < widths.length - 1 ? [linear(out), spline] : [linear(out)]));

const networks = {
  "mnist/fmlp": {
    inShape: [1, 28, 28],
    layers: [
      { kind: "dequantize" },
      { kind: "flatten" },
      { kind: "whiten" },
      ...dense(512, 256, 128, 64, 32, 8),
    ],
  },
} as const satisfies { [name: string]: Network };

/** Names of the networks of the paper that are built in. */
export const zooNames: readonly string[] = Object.keys(networks);

/**
 * A network of the paper by its name, `"mnist/fmlp"`.
 *
 * Errors: `UsageError` that lists the names. Source: Flowification, appendix (tables of networks).
 */
export function zoo(name: string): Network {
  const network = (networks as { [name: string]: Network })[name];
  if (!network || !Object.hasOwn(networks, name))
    throw new UsageError(`there is no network "${name}"; there are ${zooNames.join(", ")}`);
  return { name, ...network };
}
