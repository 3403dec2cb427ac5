export { ortCpu, portable } from "jax-to-onnx";
export { toBytes } from "jax-to-onnx/internal";
export { CLOSE } from "./difference.js";
export {
  type Agreement,
  compareExport,
  disagreement,
  farthest,
  openFile,
} from "./export/agreement.js";
export type { WrittenProgram } from "./export/description.js";
export { exportFlow } from "./export/export-flow.js";
export { exportStep } from "./export/export-step.js";
export type { ExportedProgram } from "./export/exported.js";
export { type GivenModel, openGiven } from "./graft/given-model.js";
export type { Station } from "./graft/main-line.js";
export {
  type ConvertOptions,
  convertOnnx,
  type ImportRules,
} from "./import/convert.js";
export { openOnnx } from "./import/file.js";
export { type Computed, openOriginal } from "./import/original.js";
export { readOnnx } from "./import/read.js";
export { loadRuntime, loadWasmRuntime, type Runtime } from "./installed-runtime.js";
export { isKeras, readKeras, readKerasFile } from "./keras/read-keras.js";
export { nativeExecutor } from "./native-executor.js";
export { nativeProviders } from "./providers.js";
export { availableCores, availableMemory } from "./resources.js";
export { wasmExecutor } from "./wasm-executor.js";
