import { DataError, type FlowifyOptions, UsageError } from "@flowify/core";
import * as v from "valibot";
import { checked } from "../files/check.js";
import { type NetworkDescription, parseNetwork } from "./network.js";

/** The files of a saved model. */
export const MODEL = "model.json";
export const PARAMETERS = "parameters.safetensors";

const FORMAT = "flowify-model";
const VERSION = 1;

/** The options of `flowify` that a file can hold. */
const flowSchema = v.strictObject({
  density: v.exactOptional(v.picklist(["gaussian", "mixture"])),
  inverse: v.exactOptional(v.picklist(["patching", "local"])),
  orthogonal: v.exactOptional(v.picklist(["manifold", "expm"])),
  augmentation: v.exactOptional(v.picklist(["gaussian", "uniform"])),
  frozen: v.exactOptional(v.boolean()),
});

const head = { format: v.literal(FORMAT), version: v.literal(VERSION) };
const modelSchema = v.strictObject({ ...head, network: v.unknown(), flow: flowSchema });

/**
 * The document of a saved model.
 *
 * @throws UsageError for a density that is no name
 */
export function modelDocument(network: NetworkDescription, options: FlowifyOptions): string {
  if (typeof options.density === "object")
    throw new UsageError(
      "a flow with a density of one's own cannot be saved into a folder, since a file cannot hold it\nsave() gives the bytes of its parameters",
    );
  return `${JSON.stringify({ format: FORMAT, version: VERSION, network, flow: options }, null, 2)}\n`;
}

/**
 * Reads the document of a saved model.
 *
 * @throws DataError for another file or another version; UsageError for an invalid network
 */
export function parseModelDocument(
  path: string,
  json: unknown,
): { network: NetworkDescription; flow: FlowifyOptions } {
  if (!v.is(v.object(head), json))
    throw new DataError(
      `${path}: not a saved model of version ${VERSION}: expected "format": "${FORMAT}"\nname the folder that save wrote`,
    );
  const { network, flow } = checked(
    modelSchema,
    json,
    (problems) => new DataError(`${path}: ${problems}\nput back the file that save wrote`),
  );
  return { network: parseNetwork(path, network), flow };
}
