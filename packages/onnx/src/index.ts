export { type Agreement, compareExport } from "./export/agreement.js";
export { exportFlow } from "./export/export-flow.js";
export { type ExportStepOptions, exportStep } from "./export/export-step.js";
export type { ExportedInput, ExportedOutput, ExportedProgram } from "./export/exported.js";
export { type LoweredGraph, type LowerOptions, lower, loweredPrimitives } from "./lower/lower.js";
export {
  type AttributeValue,
  type Dimension,
  type ElementType,
  type GraphModel,
  type GraphNode,
  type Initializer,
  OPSET,
  type TensorInfo,
  toBytes,
  toModelProto,
} from "./lower/model.js";
export { type NativeExecutorOptions, nativeExecutor } from "./native-executor.js";
export { loadRuntime, type Runtime } from "./runtime.js";
