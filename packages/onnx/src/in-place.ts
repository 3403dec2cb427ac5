import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import type { InferenceSession } from "onnxruntime-node";
import { type GraphModel, toModelProto } from "./lower/model.js";
import type { Tensors } from "./runtime.js";

/**
 * Runs whose results lie in given memory, and are not copied from there. ONNX Runtime's binding for Node makes an array of
 * its own for every result once a run is over, also of those that the run has left where it was told to: for the 22 MB of
 * a gradient 2.5 ms, and more for the garbage. It goes through them in their order, and stops with an error at
 * one that is no tensor. So a program gets an empty sequence as its first result: the error about it says that the run
 * is over and that all others are in place.
 */
export const DONE = "flowify.done";

/** What the binding says of a result that is no tensor. */
export const NO_TENSOR = "Non tensor type is temporarily not supported";

/** The bytes of an ONNX file whose first result is an empty sequence. */
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

/** Runs a program of `toBytesInPlace`. */
export async function runInPlace(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void> {
  try {
    await session.run(feeds, { [DONE]: null, ...results });
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith(NO_TENSOR))) throw error;
  }
}
