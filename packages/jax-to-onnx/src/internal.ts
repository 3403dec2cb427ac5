/** What the executors and exports of flowify share with the compiler. No promise is made for other users. */

export { OPSET, toBytes, toModelProto } from "./file.js";
export {
  isLifted,
  isLiteral,
  numberText,
  outType,
  paramsOf,
  prepare,
  readConstant,
} from "./jaxpr.js";
export { nth } from "./lists.js";
export { type LoweredGraph, lower, lowering } from "./lower.js";
export {
  type GraphModel,
  type GraphNode,
  type Initializer,
  renamed,
  type TensorInfo,
  withConstants,
} from "./model.js";
export { withSymbolicAxes } from "./symbolic/symbolic-axes.js";
export { leafPaths, type Signature, trace } from "./trace.js";
