/**
 * The one package for Node: the names of `@flowify/core`, with ONNX Runtime where `fit` and `loadModel` choose a place to
 * compute; networks from files and models into them; data sets, runs and pictures.
 */
export {
  applyNetwork,
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
  type Flow,
  FlowifyError,
  FlowModel,
  flow,
  flowify,
  HostArray,
  jaxExecutor,
  MemoryError,
  MismatchError,
  type Network,
  type NetworkLayer,
  NotFiniteError,
  type SampleOptions,
  ShapeError,
  splineFlow,
  type TrainOptions,
  UnsupportedOpError,
  UsageError,
  webgpuExecutor,
  zoo,
} from "@flowify/core";
export { auroc } from "./auroc.js";
export { loadDataSet } from "./data/registry.js";
export { openExecutor } from "./executors.js";
export { exportOnnx } from "./export-onnx.js";
export { fit } from "./fit.js";
export { loadKeras, loadOnnx } from "./networks/load.js";
export { loadModel } from "./node-model.js";
export { ledgerChart } from "./pictures/ledger-chart.js";
export { ledgerLines } from "./pictures/ledger-lines.js";
export { svgToPng } from "./pictures/png.js";
export { readCheckpoint } from "./runs/saved-checkpoints.js";
