import { type Attribute, type FileOptions, floats, ints } from "../files.js";

/** Files of one node or a few, by the operator that they are cases of. */
export type Cases = { readonly [op: string]: readonly FileOptions[] };

type Constants = NonNullable<FileOptions["constants"]>;
type Attributes = { readonly [name: string]: Attribute };

/** A file of one node that takes x, of this shape, and constants. */
export const one =
  (op: string) =>
  (
    shape: readonly number[],
    attributes: Attributes = {},
    constants: Constants = {},
    opset = 20,
  ): FileOptions => ({
    input: [{ name: "x", shape }],
    nodes: [[op, ["x", ...Object.keys(constants)], ["y"], attributes]],
    constants,
    opset,
  });

/** The same with the constant first. */
export const behind = (op: string, shape: readonly number[], constant: Constants[string]): FileOptions => ({
  input: [{ name: "x", shape }],
  nodes: [[op, ["c", "x"], ["y"]]],
  constants: { c: constant },
});

export const image = [2, 3, 7, 6];
export const scalar = (value: number) => ({ ...ints(value), dims: [] });
export const positive = (shape: readonly number[]) =>
  floats(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.5 + i / 7),
  );

/** Numbers that functions are written with. */
const numbers = Object.entries({
  c: 0.7,
  root: Math.SQRT2,
  one: 1,
  half: 0.5,
  two: 2,
  three: 3,
  zero: 0,
  six: 6,
  cubic: 0.044715,
  scale: Math.sqrt(2 / Math.PI),
});

/** Files of these nodes, as exporters write a function. */
export const written = (...files: FileOptions["nodes"][]): FileOptions[] =>
  files.map((nodes) => ({
    nodes,
    constants: Object.fromEntries(numbers.map(([name, value]) => [name, floats([], [value])])),
  }));
