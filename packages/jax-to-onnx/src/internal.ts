/** What the executors and exports of flowify share with the compiler. No promise is made for other users. */

export { OPSET, toBytes, toModelProto } from "./file.js";
export { isLiteral, outType, paramsOf, prepare, readConstant } from "./jaxpr.js";
export { nth } from "./lists.js";
export { type LoweredGraph, lower } from "./lower.js";
export {
  type GraphModel,
  type GraphNode,
  type Initializer,
  renamed,
  type TensorInfo,
  withConstants,
} from "./model.js";
export { programKey } from "./program-key.js";
export { withSymbolicAxes } from "./symbolic/symbolic-axes.js";
export { leafPaths, type Signature, type Slot, trace } from "./trace.js";
