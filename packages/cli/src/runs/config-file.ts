import { join } from "node:path";
import { writeFileAtomic } from "../files/atomic.js";
import { RESTORE } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
import { readArrays } from "../networks/network-file.js";
import type { ChosenNetwork } from "../networks/weights.js";
import { parseRunConfig, type RunConfig, runConfigText } from "../run-config.js";
import { holdsRun, notARun, runPaths } from "./folder.js";
import { expectOwn } from "./identity.js";

/** @throws DataError for weights that are missing, damaged or of another run */
export function networkOfRun(config: RunConfig, folder: string): ChosenNetwork {
  const { network: name, description } = config;
  if (description?.weights === undefined) return { name, ...(description && { description, tensors: {} }) };
  const path = join(folder, description.weights);
  const { tensors, metadata } = readArrays(path);
  expectOwn(path, metadata.run, config);
  return { name, description, tensors };
}

export const writeRunConfig = (path: string, config: RunConfig): Promise<void> =>
  writeFileAtomic(path, runConfigText(config));

/**
 * Reads the configuration of the run in `folder`.
 *
 * @throws UsageError if the folder holds no run, DataError if its configuration is damaged
 */
export function readRunConfig(folder: string): RunConfig {
  if (!holdsRun(folder)) throw notARun(folder);
  const path = runPaths(folder).config;
  return parseRunConfig(path, readJson(path, { damaged: RESTORE }));
}
