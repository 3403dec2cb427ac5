import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { type GraphModel, toModelProto } from "./lower/model.js";
import { DONE } from "./run-in-place.js";

/**
 * The bytes of an ONNX file whose first result is an empty sequence.
 *
 * ONNX Runtime's binding for Node makes an array of its own for every result once a run is over, also of those that the run has
 * left where it was told to: for the 22 MB of a gradient 2.5 ms, and more for the garbage. It goes through them in their order,
 * and stops with an error at one that is no tensor: the error about the first says that the run is over and that all others are in place.
 */
export function toBytesInPlace(graph: GraphModel): Uint8Array {
  const model = toModelProto(graph);
  const { FLOAT } = onnx.TensorProto_DataType;
  const tensor = create(onnx.TypeProto_TensorSchema, { elemType: FLOAT });
  const elemType = create(onnx.TypeProtoSchema, { value: { case: "tensorType", value: tensor } });
  const sequence = create(onnx.TypeProto_SequenceSchema, { elemType });
  const type = create(onnx.TypeProtoSchema, { value: { case: "sequenceType", value: sequence } });
  model.graph?.output.unshift(create(onnx.ValueInfoProtoSchema, { name: DONE, type }));
  model.graph?.node.unshift(
    create(onnx.NodeProtoSchema, { opType: "SequenceEmpty", name: DONE, output: [DONE] }),
  );
  return toBinary(onnx.ModelProtoSchema, model);
}
