export { fuzzLowering } from "../../packages/onnx/test/fuzz/fuzz-lowering.js";
