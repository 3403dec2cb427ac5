import { createHash } from "node:crypto";
import { DataError } from "@flowify/core";
import type { RunConfig } from "../run-config.js";

/**
 * The sha256 of all that decides the numbers of a new run, wherever its data lie and whatever computes it; hexadecimal.
 *
 * @param weights the bytes of its pretrained weights
 */
export function identityOf(config: RunConfig, weights: Uint8Array): string {
  const { network, description, pretrained, opaque, data, flow, training, contaminated } = config;
  const { examples, validation, shape, hash } = data;
  const ofData = [examples, validation, shape, hash];
  const deciding = [network, description, pretrained, opaque, ofData, flow, training, contaminated];
  return createHash("sha256").update(JSON.stringify(deciding)).update(weights).digest("hex");
}

/** What a file of the run holds to say so. */
export const ofRun = ({ run }: Pick<RunConfig, "run">): { run?: string } =>
  run === undefined ? {} : { run };

/**
 * Checks that a file in the folder of a run was written by that run. Files of earlier versions do not say so, and are taken.
 *
 * @param found the identity of a run that the file holds
 * @param again what writes the file again, if anything does
 * @throws DataError that names the file
 */
export function expectOwn(
  path: string,
  found: string | undefined,
  { run }: Pick<RunConfig, "run">,
  again?: string,
): void {
  if (found !== undefined && run !== undefined && found !== run)
    throw new DataError(
      `${path}: of another run than config.json beside it\nput back the files of one run${again ? `, or remove this one, and ${again}` : ""}`,
    );
}
