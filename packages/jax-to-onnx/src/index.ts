export { UnsupportedOpError, UsageError } from "./errors.js";
export { loweringPasses } from "./passes.js";
export { ortCpu, portable, type Semantics, strict, type Target, type TransposeCosts } from "./target.js";
export { type ToOnnxOptions, toOnnx } from "./to-onnx.js";
