export { type LoweredGraph, type LowerOptions, lower, loweredPrimitives } from "./lower/lower.js";
export {
  type AttributeValue,
  type ElementType,
  type GraphModel,
  type GraphNode,
  type Initializer,
  type TensorInfo,
  toBytes,
  toModelProto,
} from "./lower/model.js";
export { type NativeExecutorOptions, nativeExecutor } from "./native-executor.js";
