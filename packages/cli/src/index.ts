/**
 * The one package for Node: the names of `@flowify/core`, with ONNX Runtime where `fit` and `loadModel` choose a place to
 * compute; networks from files and models into them; data sets, runs and pictures.
 */
export {
  applyNetwork,
  couplingFlow,
  denseFlow,
  type Executor,
  type Flow,
  FlowifyError,
  FlowModel,
  flowify,
  HostArray,
  jaxExecutor,
  type Network,
  type NetworkLayer,
  splineFlow,
  zoo,
} from "@flowify/core";
export { loadDataSet } from "./data/registry.js";
export { openExecutor } from "./executors.js";
export { exportOnnx } from "./export-onnx.js";
export { fit } from "./fit.js";
export { loadKeras, loadOnnx } from "./networks/load.js";
export { loadModel } from "./node-model.js";
export { svgToPng } from "./pictures/png.js";
