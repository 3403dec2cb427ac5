import { sizeOf } from "@flowify/core/layer";
import type { DataShape, Imported, ImportRule, OpCall } from "../call.js";
import type { Tensor } from "../tensor.js";
import { mapAlong } from "./along.js";

/** [rows, columns] -> [columns, rows] */
function transposed(data: Tensor["data"], rows: number, columns: number): Tensor["data"] {
  const result = data.slice();
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  return result;
}

/** A weight of two axes, as [out, in]. */
function weightOf(call: OpCall, stored: "in first" | "out first"): { weight: Tensor["data"]; out: number } {
  const { shape, data } = call.numbers(1, "weight");
  const [rows = 0, columns = 0] = shape;
  const [from, out] = stored === "in first" ? [rows, columns] : [columns, rows];
  if (shape.length !== 2 || sizeOf(shape) === 0 || from !== call.inShape.at(-1))
    throw call.misfit(`a weight [${shape.join(", ")}] on data [${call.first.full.join(", ")}]`);
  return { weight: stored === "in first" ? transposed(data, rows, columns) : data, out };
}

/** A matrix times the data: each result of the axis before the last is a sum over that axis. */
function fromTheLeft(call: OpCall): Imported {
  const { shape, data } = call.numbers(0, "matrix");
  const { full } = call.first;
  const [rows = 0, columns = 0] = shape.slice(-2);
  const fits = shape.length >= 2 && shape.length <= full.length && columns === full.at(-2);
  if (!fits || sizeOf(shape) !== rows * columns)
    throw call.unsupported(
      `it multiplies [${shape.join(", ")}] by data [${full.join(", ")}]; expected one matrix with a column for each entry of the axis before the last`,
    );
  const matrix = Array.from({ length: rows }, (_, i) =>
    Array.from(data.subarray(i * columns, (i + 1) * columns)),
  );
  const axis = call.axis(full.length - 2);
  return { layers: mapAlong(call.inShape, axis, matrix), shape: full.with(-2, rows) };
}

/** The product of two tensors computed from the input. */
function attention(call: OpCall): Imported {
  const [a, b] = call.data as [DataShape, DataShape];
  const [left, right] = [a.example, b.example];
  const [rows, inner, columns] = [left.at(-2), left.at(-1), right.at(-1)];
  const fits = left.length === right.length && left.slice(0, -2).join() === right.slice(0, -2).join();
  if (left.length < 2 || !fits || inner !== right.at(-2))
    throw call.unsupported(
      `it multiplies [${a.full.join(", ")}] by [${b.full.join(", ")}]; expected as many matrices of both`,
    );
  return { layers: [], join: { how: "matmul" }, shape: [...a.full.slice(0, -2), rows!, columns!] };
}

const matMul: ImportRule = (call) => {
  if (!call.isData(0)) return fromTheLeft(call);
  if (call.isData(1)) return attention(call);
  const { shape } = call.numbers(1, "weight");
  if (shape.length > 2)
    throw call.unsupported(`it multiplies the data by several matrices, [${shape.join(", ")}]; expected one`);
  const { weight, out } = weightOf(call, "in first");
  return [{ kind: "linear", out, weights: { weight } }];
};

/** α A B + β C. */
const gemm: ImportRule = (call) => {
  if (!call.isData(0))
    throw call.unsupported("it multiplies a constant by the data, which mixes the examples of a batch");
  if (call.first.full.length !== 2)
    throw call.misfit(`data [${call.first.full.join(", ")}], expected two axes`);
  if (call.flag("transA"))
    throw call.unsupported("it transposes the data, which mixes the examples of a batch");
  const { weight, out } = weightOf(call, call.flag("transB") ? "out first" : "in first");
  const [alpha, beta] = [call.float("alpha") ?? 1, call.float("beta") ?? 1];
  const c = call.numbersOption(2, "bias");
  const [columns = 1, rows = 1] = [...(c?.shape ?? [])].reverse();
  if (c && (c.shape.length > 2 || rows !== 1 || (columns !== 1 && columns !== out)))
    throw call.misfit(`a bias [${c.shape.join(", ")}] for ${out} outputs`);
  const bias = c && new Float64Array(out).map((_, i) => beta * c.data[c.data.length === 1 ? 0 : i]!);
  const scaled = alpha === 1 ? weight : weight.map((w) => alpha * w);
  return [{ kind: "linear", out, weights: { weight: scaled, ...(bias && { bias }) } }];
};

export const denseRules: { readonly [op: string]: ImportRule } = { MatMul: matMul, Gemm: gemm };
