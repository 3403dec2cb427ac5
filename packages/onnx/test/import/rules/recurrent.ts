import { type Attribute, type FileOptions, floats, ints, spread } from "../files.js";
import type { Cases } from "./forms.js";

const [STEPS, INPUTS, HIDDEN] = [4, 3, 2];

type Options = Readonly<{
  attributes?: { readonly [name: string]: Attribute };
  /** Which of the outputs is the result. Default the first, all states. */
  output?: number;
  bias?: boolean;
  /** States at first, of so many numbers each. */
  first?: readonly string[];
  batch?: number | string;
}>;

/** A recurrence of examples [steps, inputs] as PyTorch writes it: the steps move in front, and back. */
const file = (
  op: string,
  gates: number,
  { attributes = {}, output = 0, bias = true, first = [], batch = 1 }: Options = {},
): FileOptions => {
  const directions = attributes.direction === "bidirectional" ? 2 : 1;
  const outputs = ["all", "last", "memory"].slice(0, op === "LSTM" ? 3 : 2);
  const names = ["t", "w", "r", bias ? "b" : "", ...(first.length > 0 ? ["", ...first] : [])];
  const order = output === 0 ? [2, 0, 1, 3] : [1, 0, 2];
  return {
    input: [{ name: "x", shape: [batch, STEPS, INPUTS] }],
    nodes: [
      ["Transpose", ["x"], ["t"], { perm: [1, 0, 2] }],
      [op, names, outputs, { hidden_size: HIDDEN, ...attributes }],
      ["Transpose", [outputs[output]!], ["y"], { perm: order }],
    ],
    constants: {
      w: spread([directions, gates * HIDDEN, INPUTS]),
      r: spread([directions, gates * HIDDEN, HIDDEN], 2),
      b: spread([directions, 2 * gates * HIDDEN], 3),
      h: spread([directions, 1, HIDDEN], 4),
      c: spread([directions, 1, HIDDEN], 5),
    },
  };
};

const both = { direction: "bidirectional" };
const backward = { direction: "reverse" };

export const recurrent: Cases = {
  RNN: [
    file("RNN", 1),
    file("RNN", 1, { bias: false, output: 1, batch: "N" }),
    file("RNN", 1, { attributes: { ...both, activations: { strings: ["Relu", "Sigmoid"] } } }),
  ],
  GRU: [
    file("GRU", 3),
    file("GRU", 3, { attributes: { linear_before_reset: 1 }, output: 1, first: ["h"] }),
    file("GRU", 3, { attributes: backward, batch: "N", first: ["h"] }),
    file("GRU", 3, { attributes: { ...both, linear_before_reset: 1 }, bias: false }),
  ],
  LSTM: [
    file("LSTM", 4, { batch: "N" }),
    file("LSTM", 4, { output: 1, first: ["h", "c"] }),
    file("LSTM", 4, { output: 2, attributes: backward, bias: false }),
    file("LSTM", 4, { attributes: both, first: ["h", "c"], batch: "N" }),
    {
      ...file("LSTM", 4),
      nodes: [
        ["Transpose", ["x"], ["t"], { perm: [1, 0, 2] }],
        ["LSTM", ["t", "w", "r", "b", "lengths", "", "", "p"], ["a"], { hidden_size: HIDDEN }],
        ["Squeeze", ["a", "one"], ["s"]],
        ["Transpose", ["s"], ["y"], { perm: [1, 0, 2] }],
      ],
      constants: {
        ...file("LSTM", 4).constants,
        p: floats([1, 3 * HIDDEN], new Array(3 * HIDDEN).fill(0)),
        lengths: { ...ints(), dims: [1n], dataType: 6, rawData: new Uint8Array(Int32Array.of(STEPS).buffer) },
        one: ints(1),
      },
    },
  ],
};
