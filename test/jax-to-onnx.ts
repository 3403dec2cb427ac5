export { examples, fileOf } from "../packages/jax-to-onnx/test/examples.js";
