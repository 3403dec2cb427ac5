import type { Kind, PlainKind } from "../layers/kind.js";
import * as list from "../layers/kinds.js";

/** Every kind of layer that a network may have, by name. */
export const kinds: { readonly [name: string]: Kind } = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ Object.values(list).map((kind: Kind) => [kind.kind, kind]),
);

export const findKind = (name: string): Kind | undefined =>
  Object.hasOwn(kinds, name) ? kinds[name] : undefined;

/** True for a kind that has a value without any flow. */
export const isPlain = (kind: Kind): kind is PlainKind => kind.apply !== undefined;
