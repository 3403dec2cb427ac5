import { DataError, UsageError } from "@flowify/core";
import { type Shape, sizeOf } from "@flowify/core/layer";
import { type Data, located, MOST_ENTRIES } from "./data.js";
import { isFloat, typeName } from "./elements.js";
import type { OnnxGraph, OnnxValue } from "./graph.js";

const listed = (values: readonly OnnxValue[]): string =>
  values.map(({ name, shape }) => `${JSON.stringify(name)} [${shape.join(", ")}]`).join(", ");

export function chosenInput({ inputs }: OnnxGraph, wanted?: string): OnnxValue {
  const found = wanted === undefined ? inputs[0] : inputs.find(({ name }) => name === wanted);
  if (!found)
    throw inputs.length === 0
      ? new DataError("the graph has no input, expected one for the data")
      : new UsageError(`the graph has no input ${JSON.stringify(wanted)}, its inputs are ${listed(inputs)}`);
  if (wanted === undefined && inputs.length > 1)
    throw new UsageError(
      `the graph has ${inputs.length} inputs: ${listed(inputs)}\nchoose one by the option input`,
    );
  if (!isFloat(found.type))
    throw new DataError(
      `the input ${JSON.stringify(found.name)} holds ${typeName(found.type)}, expected floating point numbers\nexport the network with floating point inputs`,
    );
  return found;
}

export function chosenOutput({ outputs, nodes }: OnnxGraph, wanted?: string): string {
  if (wanted !== undefined) {
    if (nodes.some((node) => node.outputs.includes(wanted))) return wanted;
    throw new UsageError(
      `the graph computes no value ${JSON.stringify(wanted)}; its outputs are ${listed(outputs)}`,
    );
  }
  const [first] = outputs;
  if (!first) throw new DataError("the graph has no output\nname one of its values by the option output");
  if (outputs.length > 1)
    throw new UsageError(
      `the graph has ${outputs.length} outputs: ${listed(outputs)}\nchoose one by the option output`,
    );
  return first.name;
}

/** The input as data: the first axis is the batch, unless it is the only axis. */
export function startOf({ name, shape }: OnnxValue, exampleShape?: Shape): Data {
  const alone = shape.length === 1 && exampleShape === undefined;
  const open = shape.findIndex((n, i) => typeof n === "string" && (i > 0 || alone));
  if (shape.length === 0 && !exampleShape)
    throw new DataError(
      `the input ${JSON.stringify(name)} has no shape in the file\nset the shape of an example, such as 1,28,28, by the option inputShape`,
    );
  if (open >= 0 && !exampleShape)
    throw new DataError(
      `the input ${JSON.stringify(name)} is [${shape.join(", ")}]: axis ${open} has no size in the file\nset the shape of an example, such as 1,28,28, by the option inputShape`,
    );
  const batch = typeof shape[0] === "number" ? shape[0] : 1;
  const full = exampleShape
    ? [batch, ...exampleShape]
    : shape.map((n, i) => (i === 0 && !alone ? batch : Number(n)));
  const entries = sizeOf(full);
  if (full.some((n) => !Number.isSafeInteger(n) || n < 1) || entries > MOST_ENTRIES)
    throw new DataError(
      `the input ${JSON.stringify(name)} is [${full.join(", ")}], expected a batch of examples with at least one number`,
    );
  const fits = shape.slice(1).every((n, i) => typeof n === "string" || n === full[i + 1]);
  if (exampleShape && shape.length > 0 && (shape.length !== full.length || !fits))
    throw new UsageError(
      `the shape of an example ${exampleShape.join(",")}: the file has [${shape.join(", ")}]`,
    );
  return { ...located(full, alone ? 1 : batch), depth: 0, leftOut: [] };
}
