export { lower, type LowerOptions, loweredPrimitives } from "./lower/lower.js";
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
export { nativeExecutor, type NativeExecutorOptions } from "./native-executor.js";
