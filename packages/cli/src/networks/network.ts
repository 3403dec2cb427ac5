import { type Network, type NetworkLayer, UsageError } from "@flowify/core";
import { conditionSchemas, kinds, layerSchema, type Stored } from "@flowify/core/internal";
import * as v from "valibot";
import { checked, expectShallow } from "../files/check.js";
import { printable } from "../ui/printable.js";

const name = v.pipe(v.string(), v.nonEmpty("expected a text that is not empty"));

/** Numbers, or the name of an array in the weights file. */
const numbers = v.union([v.array(v.pipe(v.number(), v.finite())), name]);

/** A layer as JSON, with the name of an array where the layer holds many numbers. */
type LayerDescription = Stored<NetworkLayer, string | number[]>;

export type NetworkDescription = {
  name?: string;
  weights?: string;
  inShape: number[];
  layers: LayerDescription[];
  condition?: Required<Network>["condition"];
  embedding?: Required<Network>["embedding"];
  base?: Required<Network>["base"];
  outputs?: Readonly<{ noise: number; layers: readonly LayerDescription[] }>;
};

/**
 * An ordinary network as JSON: the shape of one example, [C, H, W] for an image, the layers in order, and for layers
 * with weights the name of a safetensors file in the same folder.
 */
export const networkSchema: v.GenericSchema<unknown, NetworkDescription> = v.strictObject({
  name: v.exactOptional(name),
  weights: v.exactOptional(
    v.pipe(v.string(), v.regex(/^[\w.-]+$/, "expected the name of a file in the same folder")),
  ),
  inShape: v.pipe(
    v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
    v.minLength(1, "expected at least one size"),
  ),
  layers: v.pipe(v.array(layerSchema(numbers)), v.minLength(1, "expected at least one layer")),
  condition: v.exactOptional(conditionSchemas.condition),
  embedding: v.exactOptional(conditionSchemas.embedding),
  base: v.exactOptional(conditionSchemas.base),
  outputs: v.exactOptional(
    v.strictObject({
      noise: v.pipe(v.number(), v.finite(), v.gtValue(0)),
      layers: v.pipe(v.array(layerSchema(numbers)), v.minLength(1, "expected at least one layer")),
    }),
  ),
});

/**
 * The network that a JSON document describes. Building the flow checks that the layers fit each other.
 *
 * @param path how messages call the document
 * @throws UsageError with the position for a document that is not a network; DataError for too deep nesting
 */
export function parseNetwork(path: string, json: unknown): NetworkDescription {
  expectShallow(path, json);
  return checked(
    networkSchema,
    json,
    (problems) =>
      new UsageError(
        `${path}: not the description of a network: ${printable(problems)}\nexpected { "inShape": [C, H, W], "layers": [{ "kind": … }, …] } with the kinds ${Object.keys(kinds).join(", ")}`,
      ),
  );
}
