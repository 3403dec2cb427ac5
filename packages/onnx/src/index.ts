export { ortCpu, portable } from "jax-to-onnx";
export {
  type GraphModel,
  type GraphNode,
  type Initializer,
  OPSET,
  type TextConstant,
  toBytes,
} from "jax-to-onnx/internal";
export { CLOSE, relativeDifference } from "./difference.js";
export {
  type Agreement,
  compareExport,
  disagreement,
  type FileRunner,
  farthest,
  openFile,
} from "./export/agreement.js";
export { describeExport, type WrittenProgram } from "./export/description.js";
export { exportFlow, exportLogProb } from "./export/export-flow.js";
export { exportStep } from "./export/export-step.js";
export type { ExportedProgram } from "./export/exported.js";
export { type GivenModel, openGiven } from "./graft/given-model.js";
export type { Station } from "./graft/main-line.js";
export type { ImportRule } from "./import/call.js";
export {
  type ConvertedNetwork,
  type ConvertOptions,
  convertOnnx,
  type ImportRules,
  importRules,
} from "./import/convert.js";
export { openOnnx } from "./import/file.js";
export { type Computed, type OriginalNetwork, openOriginal, standaloneOnnx } from "./import/original.js";
export { readOnnx } from "./import/read.js";
export {
  type ConversionReport,
  comparisonInputs,
  conversionReport,
  factsOf,
  nodeText,
  originTexts,
  refusal,
} from "./import/report.js";
export { loadRuntime, loadWasmRuntime, type Runtime } from "./installed-runtime.js";
export { isKeras, readKeras, readKerasFile } from "./keras/read-keras.js";
export { type NativeExecutorOptions, nativeExecutor } from "./native-executor.js";
export { nativeProviders } from "./providers.js";
export { availableCores, availableMemory } from "./resources.js";
export { wasmExecutor } from "./wasm-executor.js";
