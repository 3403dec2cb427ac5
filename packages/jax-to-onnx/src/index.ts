export { UnsupportedOpError, UsageError } from "./errors.js";
export type { OwnRule } from "./own-rules.js";
export { loweringPasses } from "./passes.js";
export { ortCpu, portable, strict, type Target } from "./target.js";
export { toOnnx } from "./to-onnx.js";
