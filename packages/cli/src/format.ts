/** The formats of a run as bytes and JSON, without Node: for the command and the playground. */

export { type NetworkDescription, parseNetwork } from "./networks/network.js";
export { fromPixels, networkOfPixels } from "./networks/pixels.js";
export {
  type ChosenNetwork,
  describedNetwork,
  NETWORK,
  networkOf,
  networkOfDescription,
  ORIGINAL,
  type Tensors,
  WEIGHTS,
} from "./networks/weights.js";
export {
  expectImageRun,
  type ImageRunConfig,
  parseRunConfig,
  type RunConfig,
  runConfigText,
} from "./run-config.js";
export {
  averaged,
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  isSidecar,
  type NamedFile,
  sha256,
} from "./runs/checkpoint.js";
export { trainerOptions, usualTraining } from "./settings.js";
