import * as v from "valibot";
import type { Kind, PlainKind } from "../layers/kind.js";
import * as list from "../layers/kinds.js";
import * as o from "../options.js";
import type { NetworkLayer } from "./network.js";

/** Every kind of layer that a network may have, by name. */
export const kinds: { readonly [name: string]: Kind } = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ Object.values(list).map((kind: Kind) => [kind.kind, kind]),
);

export const findKind = (name: string): Kind | undefined =>
  Object.hasOwn(kinds, name) ? kinds[name] : undefined;

/** True for a kind that has a value without any flow. */
export const isPlain = (kind: Kind): kind is PlainKind => kind.apply !== undefined;

/** T with N in place of the numbers that a network holds. */
export type Stored<T, N> = T extends Float32Array | Float64Array
  ? N
  : T extends object
    ? { [K in keyof T]: Stored<T[K], N> }
    : T;

const wrapped = (schema: o.Schema<unknown>): o.Schema<unknown> | undefined =>
  (schema as Partial<o.Optional<unknown>>).wrapped;

/**
 * The schema of a layer in a file, of every kind there is.
 *
 * @param numbers what a file has in place of the numbers that a network holds
 */
export function layerSchema<N>(numbers: o.Schema<N>): o.Schema<Stored<NetworkLayer, N>> {
  const replaced = new Map<o.Schema<unknown>, o.Schema<unknown>>([
    [o.floats, numbers],
    [o.float32s, numbers],
    [o.weights, v.strictObject({ weight: numbers, bias: o.optional(numbers) })],
    [o.chains, o.listOf(o.listOf(v.lazy(() => layer)))],
    [
      o.layers,
      o.listOf(
        v.lazy(() => layer),
        1,
      ),
    ],
  ]);
  const stored = (schema: o.Schema<unknown>): o.Schema<unknown> => {
    const inner = wrapped(schema);
    return inner ? o.optional(stored(inner)) : (replaced.get(schema) ?? schema);
  };
  const layers = Object.values(kinds).map(({ kind, options }) => {
    const own = Object.entries(options).map(([name, schema]) => [name, stored(schema)] as const);
    return v.strictObject({ kind: v.literal(kind), ...Object.fromEntries(own) });
  });
  const layer = v.variant("kind", layers) as o.Schema<unknown> as o.Schema<Stored<NetworkLayer, N>>;
  return layer;
}

/** True for the name of an option, of any kind, that holds numbers. */
export const holdsNumbers = (option: string): boolean =>
  option === "weight" ||
  option === "bias" ||
  Object.values(kinds).some(({ options }) => {
    const schema = Object.hasOwn(options, option) ? options[option] : undefined;
    return schema !== undefined && [o.floats, o.float32s].includes((wrapped(schema) ?? schema) as never);
  });
