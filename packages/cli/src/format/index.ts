/** The formats of a run as bytes and JSON, without Node: for the command and the playground. */

export { roundTicks } from "../pictures/axis.js";
export {
  averaged,
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  isSidecar,
  type NamedFile,
} from "./checkpoint.js";
export {
  expectImageRun,
  type ImageRunConfig,
  parseRunConfig,
  type RunConfig,
  runConfigText,
} from "./config.js";
export { type NetworkDescription, parseNetwork } from "./network.js";
export { fromPixels, networkOfPixels } from "./pixels.js";
export { sha256 } from "./sha256.js";
export { trainerOptions } from "./trainer-options.js";
export {
  type ChosenNetwork,
  describedNetwork,
  NETWORK,
  networkOf,
  networkOfDescription,
  ORIGINAL,
  type Tensors,
  WEIGHTS,
} from "./weights.js";
