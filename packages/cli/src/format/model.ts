import { DataError, type FlowifyOptions, UsageError } from "@flowify/core";
import * as z from "zod";
import { type NetworkDescription, parseNetwork } from "./network.js";

/** The files of a saved model. */
export const MODEL = "model.json";
export const PARAMETERS = "parameters.safetensors";

const FORMAT = "flowify-model";
const VERSION = 1;

const option = z.exactOptional;

/** The options of `flowify` that a file can hold. */
const flowSchema = z.strictObject({
  density: option(z.enum(["gaussian", "mixture"])),
  inverse: option(z.enum(["patching", "local"])),
  orthogonal: option(z.enum(["manifold", "expm"])),
  augmentation: option(z.enum(["gaussian", "uniform"])),
  frozen: option(z.boolean()),
});

const headSchema = z.object({ format: z.literal(FORMAT), version: z.literal(VERSION) });
const modelSchema = z.strictObject({
  ...headSchema.shape,
  network: z.unknown(),
  flow: flowSchema,
});

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
 * @throws DataError for what is none, or of another version; UsageError for a network that is none
 */
export function parseModelDocument(
  path: string,
  json: unknown,
): { network: NetworkDescription; flow: FlowifyOptions } {
  if (!headSchema.safeParse(json).success)
    throw new DataError(
      `${path}: not a saved model of version ${VERSION}: expected "format": "${FORMAT}"\nname the folder that save wrote`,
    );
  const found = modelSchema.safeParse(json);
  if (found.success) return { network: parseNetwork(path, found.data.network), flow: found.data.flow };
  const problems = found.error.issues.map(({ path: place, message }) => `${place.join(".")}: ${message}`);
  throw new DataError(`${path}: ${problems.join("; ")}\nput back the file that save wrote`);
}
