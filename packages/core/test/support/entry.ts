import type { FlowLayer } from "../../src/layer.js";
import type { OrdinaryNetwork } from "../../src/network/network.js";
import type { DenseWeights } from "../../src/options.js";
import type { Subject } from "../../src/testing/subject.js";

/** A layer of the catalog, and where the laws look at it. */
export type CatalogEntry = Subject &
  Readonly<{
    name: string;
    /** The factories that it is made of. */
    of: readonly string[];
    /** Weights of the plain dense layer that deterministic mode has to reproduce. */
    weights?: DenseWeights;
    /** The layer as a network has it, where it has a value without any flow: deterministic mode has to reproduce it. */
    network?: OrdinaryNetwork;
  }>;

export type Rest = Omit<CatalogEntry, "name" | "of" | "layer">;

export const entry = (
  name: string,
  of: string | readonly string[],
  layer: FlowLayer,
  rest: Rest = {},
): CatalogEntry => Object.freeze({ name, of: typeof of === "string" ? [of] : of, layer, ...rest });
