/** What the executors and exports of flowify share with the compiler. No promise is made for other users. */
export { readConstant } from "./constants.js";
export { withDynamicBatch } from "./dynamic-batch.js";
export {
  type Atom,
  type Equation,
  isLiteral,
  outType,
  paramsOf,
  prepare,
  sizeOf,
  type Var,
} from "./jaxpr.js";
export { type LoweredGraph, type LowerOptions, lower } from "./lower.js";
export {
  type AttributeValue,
  type Dimension,
  type ElementType,
  type GraphModel,
  type GraphNode,
  type Initializer,
  isView,
  OPSET,
  type TensorInfo,
  type TextConstant,
  toBytes,
  toModelProto,
  withConstants,
} from "./model.js";
export { leafPaths } from "./paths.js";
export { type Signature, type Slot, trace } from "./trace.js";
