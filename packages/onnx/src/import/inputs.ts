import { DataError } from "@flowify/core";
import type { OpCall } from "./call.js";
import { nodeLabel } from "./graph.js";

/** Most inputs of an operator; operators that are not listed take any number. */
const most: { readonly [op: string]: number } = {
  Reshape: 2,
  Flatten: 1,
  Squeeze: 2,
  Unsqueeze: 2,
  Transpose: 1,
  Identity: 1,
  Dropout: 3,
  Cast: 1,
  Pad: 4,
  Add: 2,
  Sub: 2,
  Mul: 2,
  Div: 2,
  Neg: 1,
  Clip: 3,
  Relu: 1,
  LeakyRelu: 1,
  PRelu: 2,
  Sigmoid: 1,
  Tanh: 1,
  Softplus: 1,
  Softsign: 1,
  HardSigmoid: 1,
  Elu: 1,
  Selu: 1,
  Celu: 1,
  BatchNormalization: 5,
  ImageScaler: 1,
  Softmax: 1,
  LogSoftmax: 1,
  MatMul: 2,
  Gemm: 3,
  Conv: 3,
  ConvTranspose: 3,
  MaxPool: 1,
  AveragePool: 1,
  GlobalMaxPool: 1,
  GlobalAveragePool: 1,
  ReduceMean: 2,
  ReduceMax: 2,
  ReduceMin: 2,
  LpNormalization: 1,
};

/** Operators with interchangeable operands, or with rules that check each operand. */
const anyPlace = new Set([
  "Where",
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Max",
  "Min",
  "Sum",
  "Concat",
  "MatMul",
  "Gemm",
  "Einsum",
]);

/** @throws DataError for too many inputs; UnsupportedOpError if the first one is a constant */
export function expectInputs(call: OpCall): void {
  const { node, inputs } = call;
  const limit = Object.hasOwn(most, node.op) ? most[node.op] : undefined;
  if (limit !== undefined && inputs.length > limit)
    throw new DataError(
      `${nodeLabel(node)}: has ${inputs.length} inputs, expected at most ${limit}\nexport the file again`,
    );
  if (!anyPlace.has(node.op) && !call.isData(0))
    throw call.unsupported("its first input is a constant, expected one computed from the data");
}
