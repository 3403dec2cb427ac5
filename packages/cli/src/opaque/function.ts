import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@flowify/core";
import * as v from "valibot";
import { checked } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
import { functionSchema, type OpaqueFunction } from "./schema.js";

/** The file of a folder that flowify convert wrote. */
export const FUNCTION = "function.json";

const documentSchema = v.strictObject({
  format: v.literal("flowify-function"),
  version: v.literal(1),
  ...functionSchema.entries,
});

export const functionText = (of: OpaqueFunction): string =>
  `${JSON.stringify({ format: "flowify-function", version: 1, ...of }, null, 2)}\n`;

/** True for a folder with a network that is one step. */
export const holdsFunction = (folder: string): boolean => existsSync(join(folder, FUNCTION));

/** @throws DataError for a damaged file */
export function readFunction(folder: string): OpaqueFunction {
  const path = join(folder, FUNCTION);
  const {
    format: _,
    version: __,
    ...found
  } = checked(
    documentSchema,
    readJson(path, { damaged: "convert it again" }),
    (problems) => new DataError(`${path}: not a network of flowify convert: ${problems}\nconvert it again`),
  );
  return found;
}
