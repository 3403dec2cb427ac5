import { create, toBinary } from "@bufbuild/protobuf";
import { UsageError } from "@flowify/core";
import { didYouMean } from "@flowify/core/internal";
import * as onnx from "onnx-buf";
import { decodeModel, describeValue } from "../import/read.js";

const Type = onnx.TensorProto_DataType;

/** Where a tensor holds the numbers of a type. */
const fields = (type: number, numbers: readonly number[]) => {
  if (type === Type.INT64) return { int64Data: numbers.map((value) => BigInt(Math.trunc(value))) };
  if (type === Type.FLOAT) return { floatData: [...numbers] };
  if (type === Type.DOUBLE) return { doubleData: [...numbers] };
  return type === Type.INT32 || type === Type.BOOL ? { int32Data: numbers.map(Math.trunc) } : undefined;
};

/**
 * The file with numbers for some of its inputs: they stay inputs, which need no value any more.
 *
 * @param values by the name of an input, the same for all of its entries
 * @throws UsageError for a name that is no input, and for an input of another type or of open sizes
 */
export function withBuiltIn(bytes: Uint8Array, values: ReadonlyMap<string, number>): Uint8Array {
  const model = decodeModel(bytes);
  const { graph } = model;
  for (const [name, value] of values) {
    const names = graph.input.map((each) => each.name);
    const input = graph.input.find((each) => each.name === name);
    if (!input)
      throw new UsageError(
        `--input ${name}=${value}: it has the inputs ${names.join(", ")}${didYouMean(name, names)}\nname one of them`,
      );
    const { type, shape } = describeValue(input);
    const count = shape.reduce<number>(
      (all, size) => all * (typeof size === "number" ? size : Number.NaN),
      1,
    );
    const data = Number.isNaN(count) ? undefined : fields(type, new Array<number>(count).fill(value));
    if (!data)
      throw new UsageError(
        `--input ${name}=${value}: it is [${shape.join(", ")}] of ${Type[type]?.toLowerCase()}, expected numbers of fixed sizes\nexport the network with its value built in`,
      );
    graph.initializer.push(
      create(onnx.TensorProtoSchema, {
        name,
        dataType: type,
        dims: shape.map((size) => BigInt(size)),
        ...data,
      }),
    );
  }
  return toBinary(onnx.ModelProtoSchema, model);
}
