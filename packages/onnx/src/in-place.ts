import { create, toBinary } from "@bufbuild/protobuf";
import { type GraphModel, toModelProto } from "jax-to-onnx/internal";
import * as onnx from "onnx-buf";
import { DONE } from "./run-in-place.js";

/**
 * The bytes of an ONNX file whose first result is an empty sequence.
 *
 * After a run, ONNX Runtime's binding for Node copies every output to a new array, even outputs in preallocated memory:
 * 2.5 ms for the 22 MB of a gradient, plus garbage collection. It processes outputs in order, and stops with an error
 * at the first one that is not a tensor. An error about the first output thus means that the run is complete and that
 * all other outputs are in place.
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
