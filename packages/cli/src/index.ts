/**
 * The one package for Node: the names of `@flowify/core`, with ONNX Runtime where `fit` and `loadModel` choose a place to
 * compute; networks from files and models into them; data sets, runs and pictures.
 */
export {
  applyNetwork,
  bitsPerDimension,
  CheckpointError,
  chain,
  couplingFlow,
  createTrainer,
  DataError,
  DeviceError,
  DomainError,
  DownloadError,
  decodeSafetensors,
  denseFlow,
  type Executor,
  encodeSafetensors,
  type FitOptions,
  type Flow,
  FlowifyError,
  type FlowifyErrorCode,
  FlowModel,
  fastestExecutor,
  flow,
  flowify,
  HostArray,
  jaxExecutor,
  MemoryError,
  MismatchError,
  type Network,
  type NetworkLayer,
  NotFiniteError,
  paperNames,
  type SampleOptions,
  ShapeError,
  splineFlow,
  type Trainer,
  type TrainOptions,
  UnsupportedOpError,
  UsageError,
  webgpuExecutor,
  zoo,
  zooNames,
} from "@flowify/core";
export { auroc } from "./auroc.js";
export { firstImages, type ImageSet } from "./data/image-set.js";
export { loadDataSet } from "./data/registry.js";
export { type DeviceName, openExecutor } from "./executors.js";
export { exportOnnx } from "./export-onnx.js";
export { fit } from "./fit.js";
export { loadKeras, loadOnnx } from "./networks/load.js";
export { loadModel, NodeModel } from "./node-model.js";
export { imageGrid } from "./pictures/image-grid.js";
export { ledgerChart } from "./pictures/ledger-chart.js";
export { ledgerLines } from "./pictures/ledger-lines.js";
export { encodePng, svgToPng } from "./pictures/png.js";
export { type Recipe, ratesOf, recipeNamed, recipeNames } from "./recipes.js";
export type { Checkpoint } from "./runs/checkpoint.js";
export { latestCheckpoint, readCheckpoint, writeCheckpoint } from "./runs/saved-checkpoints.js";
