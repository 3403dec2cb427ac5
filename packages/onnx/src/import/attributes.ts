import { DataError } from "@flowify/core";
import { type AttributeProto, AttributeProto_AttributeType as Type } from "onnx-buf";
import { nodeLabel, type OnnxNode } from "./graph.js";
import { type Constant, readTensor } from "./tensor.js";

/** The attribute with that name, if any; it must have the type that the operator expects. */
function attribute(node: OnnxNode, name: string, type: Type): AttributeProto | undefined {
  const found = node.attributes.get(name);
  // early files have no type
  if (!found || found.type === type || found.type === Type.UNDEFINED) return found;
  throw new DataError(
    `${nodeLabel(node)}: its attribute ${JSON.stringify(name)} is of type ${Type[found.type]}, expected ${Type[type]}\nexport the file again`,
  );
}

export const intAttribute = (node: OnnxNode, name: string): number | undefined => {
  const found = attribute(node, name, Type.INT);
  return found && Number(found.i);
};

/** The same with all 64 bits, for constants. */
export const exactIntAttribute = (node: OnnxNode, name: string): bigint | undefined =>
  attribute(node, name, Type.INT)?.i;

export const exactIntsAttribute = (node: OnnxNode, name: string): readonly bigint[] | undefined =>
  attribute(node, name, Type.INTS)?.ints;

/** A boolean stored as an int. */
export function flagAttribute(node: OnnxNode, name: string): boolean | undefined {
  const value = intAttribute(node, name);
  if (value === undefined || value === 0 || value === 1) return value === undefined ? undefined : value === 1;
  throw new DataError(
    `${nodeLabel(node)}: its attribute ${JSON.stringify(name)} is ${value}, expected 0 or 1\nexport the file again`,
  );
}

export const intsAttribute = (node: OnnxNode, name: string): readonly number[] | undefined =>
  attribute(node, name, Type.INTS)?.ints.map(Number);

export function floatAttribute(node: OnnxNode, name: string): number | undefined {
  const value = attribute(node, name, Type.FLOAT)?.f;
  if (value !== undefined && Number.isNaN(value))
    throw new DataError(`${nodeLabel(node)}: its attribute ${JSON.stringify(name)} is not a number`);
  return value;
}

export const floatsAttribute = (node: OnnxNode, name: string): readonly number[] | undefined =>
  attribute(node, name, Type.FLOATS)?.floats;

export const stringsAttribute = (node: OnnxNode, name: string): readonly string[] | undefined =>
  attribute(node, name, Type.STRINGS)?.strings.map((each) => new TextDecoder().decode(each));

export const stringAttribute = (node: OnnxNode, name: string): string | undefined => {
  const found = attribute(node, name, Type.STRING);
  return found && new TextDecoder().decode(found.s);
};

export const tensorAttribute = (node: OnnxNode, name: string): Constant | undefined => {
  const found = attribute(node, name, Type.TENSOR);
  return found?.t && readTensor(found.t, `${nodeLabel(node)}, attribute ${JSON.stringify(name)}`);
};
