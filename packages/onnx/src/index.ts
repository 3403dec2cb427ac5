export { ortCpu, portable, strict, type Target } from "jax-to-onnx";
export {
  type AttributeValue,
  type Dimension,
  type ElementType,
  type GraphModel,
  type GraphNode,
  type Initializer,
  OPSET,
  type TensorInfo,
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
export { type ExportStepOptions, exportStep } from "./export/export-step.js";
export type { ExportedInput, ExportedOutput, ExportedProgram } from "./export/exported.js";
export type { DataShape, Imported, ImportRule, OpCall } from "./import/call.js";
export {
  type ConvertedNetwork,
  type ConvertOptions,
  convertOnnx,
  type ImportRules,
  importRules,
} from "./import/convert.js";
export { openOnnx } from "./import/file.js";
export { nodeLabel, type OnnxGraph, type OnnxNode, type OnnxValue } from "./import/graph.js";
export { type OriginalNetwork, openOriginal, standaloneOnnx } from "./import/original.js";
export { readOnnx } from "./import/read.js";
export {
  type ConversionReport,
  type ConvertedLayer,
  comparisonInputs,
  conversionReport,
  factsOf,
  nodeText,
  originTexts,
  refusal,
} from "./import/report.js";
export type { Constant, ExternalData, Tensor } from "./import/tensor.js";
export { type InstalledRuntime, loadRuntime, loadWasmRuntime, type Runtime } from "./installed-runtime.js";
export { isKeras, readKeras, readKerasFile } from "./keras/read-keras.js";
export { type NativeExecutorOptions, nativeExecutor } from "./native-executor.js";
export { nativeProviders } from "./providers.js";
export { availableCores, availableMemory } from "./resources.js";
export { type WasmExecutorOptions, wasmExecutor } from "./wasm-executor.js";
