import { type Flow, flow as flowOf } from "@flowify/core";
import type { FlowLayer } from "@flowify/core/layer";
import { jit } from "@jax-js/jax";
import { nth } from "jax-to-onnx/internal";

/** A flow that computes the same; a traced program of it says of each equation which layer it belongs to. */
export type NamedFlow = Readonly<{ flow: Flow; names: ReadonlySet<string>; dispose(): void }>;

/** Wraps each layer, and the density of the base, into a jitted function with the name that it has in the ledger. */
export function namedFlow({ chain, base, ledgerLines }: Flow): NamedFlow {
  const made: { dispose(): void }[] = [];
  const named = <F extends (...args: never[]) => unknown>(name: string, f: F): F => {
    const called = (...args: never[]): unknown => f(...args);
    Object.defineProperty(called, "name", { value: name });
    const jitted = jit(called as never);
    made.push(jitted);
    // a layer without a condition is given none
    return ((...args: never[]) =>
      jitted(...(args.filter((each) => each !== undefined) as never))) as unknown as F;
  };
  const labels = ledgerLines.map(({ layer }) => layer);
  const layers = chain.layers.map(
    (layer, i): FlowLayer => ({
      ...layer,
      forward: named(nth(labels, i), layer.forward),
      inverse: named(nth(labels, i), layer.inverse),
    }),
  );
  const { embedding } = chain;
  const flow = flowOf(layers, { ...base, logProb: named(base.name, base.logProb) }, { embedding });
  return {
    flow,
    names: new Set(labels),
    dispose() {
      for (const each of made) each.dispose();
    },
  };
}
