/** Every factory of a kind that takes options refuses one that it lacks, and a call without those that it needs. */
import { describe, expect, it } from "vitest";
import * as all from "../../src/entries/layers.js";
import { FlowifyError } from "../../src/errors.js";
import * as kinds from "../../src/layers/kinds.js";

const layers: { readonly [name: string]: unknown } = all;
const line = [all.linear(2, 2)];
const window = { kernel: 2 };
const edges = [[0, 1, 2]];

/** What each factory takes, the options last. */
const calls: { readonly [kind: string]: readonly unknown[] } = {
  actnorm: [[2], {}],
  affine: [[2], {}],
  avgPool2d: [[1, 4, 4], window],
  branches: [line, { join: "add" }],
  conditionalAffine: [[2], 3, {}],
  conditionalClasses: [[1], 3, { classes: 2 }],
  conv1d: [[1, 4], 1, window],
  conv2d: [[1, 4, 4], 1, window],
  coupling: [[2], 1, {}],
  dequantize: [[2], {}],
  dequantizeColumns: [[1], { gaps: [1] }],
  flowMixture: [[line, line], {}],
  gaussianMixture: [[2], {}],
  impute: [[2], 1, { numbers: [], known: [] }],
  leakyRelu: [[2], {}],
  linear: [2, 2, {}],
  marginal: [[2], {}],
  maxPool2d: [[1, 4, 4], window],
  mixedRow: [[2], line, { columns: [0], edges }],
  normalize: [[2], { by: "softmax" }],
  opaque: [[2], { outShape: [2], apply: () => undefined }, {}],
  pad: [[1, 4, 4], {}],
  permuteChannels: [[2], {}],
  piecewiseLinear: [[1], { gaps: [1] }],
  prelu: [[2], {}],
  clip: [[2], { min: 0 }],
  rqSpline: [[2], {}],
  selfGated: [[2], { function: "silu" }],
  split: [[2], {}],
  take: [[2], { indices: [0] }],
  transformer: [[4], 1, {}],
  valueClasses: [[1], { edges, classes: 2 }],
  valueTree: [[1], { edges }],
  variationalDequantize: [[2], {}],
  whiten: [[2], {}],
};

const make = (kind: string, args: readonly unknown[]): unknown =>
  (layers[kind] as (...all: readonly unknown[]) => unknown)(...args);

describe("a layer and options that it does not have", () => {
  it.each(Object.entries(calls))("%s", (kind, args) => {
    const options = args.at(-1) as object;
    expect(() => make(kind, [...args.slice(0, -1), { ...options, bogus: 1 }])).toThrow(
      `${kind}: unknown option "bogus"`,
    );
  });

  it("knows every kind that has options and a factory of its own", () => {
    const made = Object.values(kinds).filter(
      ({ kind, options }) => kind in layers && Object.keys(options).length > 0,
    );
    const others = ["permute", "reshape", "transpose"]; // their only option is an argument
    expect(made.map(({ kind }) => kind).filter((kind) => !(kind in calls))).toEqual(others);
  });

  it("says nothing but typed errors, whatever it is called with", () => {
    const bare: string[] = [];
    for (const name of Object.keys(kinds)
      .map((kind) => kind.replace(/Kind$/, ""))
      .filter((kind) => kind in layers))
      for (const args of [[], [2], [null], [["a"]], [[2]], [[1, 4, 4]], [[2], 3], [[2], null]])
        try {
          make(name, args);
        } catch (error) {
          if (!(error instanceof FlowifyError))
            bare.push(`${name}(${JSON.stringify(args)}): ${String(error)}`);
        }
    expect(bare).toEqual([]);
  });
});
