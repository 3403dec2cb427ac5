export type { ArgumentSpec, Tree } from "./arguments.js";
export { UnsupportedOpError, UsageError } from "./errors.js";
export type { NodeBuilder, OwnRule, RuleEquation } from "./own-rules.js";
export { loweringPasses } from "./passes.js";
export { ortCpu, portable, type Semantics, strict, type Target } from "./target.js";
export { type ToOnnxOptions, toOnnx } from "./to-onnx.js";
