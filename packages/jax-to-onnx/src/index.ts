export type { ArgumentSpec, ConstantValue, Tree } from "./arguments.js";
export { UnsupportedOpError, UsageError } from "./errors.js";
export type { ExternalData } from "./file.js";
export type { AttributeValue } from "./model.js";
export type { NodeBuilder, OwnRule, RuleEquation } from "./own-rules.js";
export { loweringPasses } from "./passes.js";
export { ortCpu, portable, type Semantics, strict, type Target, type TransposeCosts } from "./target.js";
export { type ToOnnxOptions, toOnnx } from "./to-onnx.js";
export type { ArrayType } from "./trace.js";
