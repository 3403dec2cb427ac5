/** The formats of a run as bytes and JSON, without Node: for the command and the playground. */

export { networkOfPixels } from "./networks/pixels.js";
export { networkOf } from "./networks/weights.js";
export {
  expectImageRun,
  type ImageRunConfig,
  parseRunConfig,
  runConfigText,
} from "./run-config.js";
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, isSidecar, sha256 } from "./runs/checkpoint.js";
export { trainerOptions, usualTraining } from "./settings.js";
