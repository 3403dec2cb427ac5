import { writeFileAtomic } from "../files/atomic.js";
import { RESTORE } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
import { readWeights } from "../networks/network-file.js";
import type { ChosenNetwork } from "../networks/weights.js";
import { parseRunConfig, type RunConfig, runConfigText } from "../run-config.js";
import { holdsRun, notARun, runPaths } from "./folder.js";

export const networkOfRun = ({ network, description }: RunConfig, folder: string): ChosenNetwork => ({
  name: network,
  ...(description && { description, tensors: readWeights(folder, description) }),
});

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
