import {
  bitsPerDimension,
  couplingFlow,
  createTrainer,
  type DataIn,
  decodeSafetensors,
  denseFlow,
  encodeSafetensors,
  type FitOptions,
  FlowModel,
  fit,
  flow,
  flowify,
  jaxExecutor,
  type Network,
  zoo,
} from "@flowify/core";
import { standardNormal } from "@flowify/core/layer";
import { dequantize, linear, rqSpline, take } from "@flowify/core/layers";
import { readOnnx } from "@flowify/onnx";
import type { BadCall } from "./bad-input.js";

const executor = jaxExecutor();
const made = flowify({
  inShape: [2],
  layers: [
    { kind: "dequantize", levels: 4 },
    { kind: "linear", out: 2 },
  ],
});
const withModel = async (use: (model: FlowModel) => Promise<unknown>) => {
  const model = await FlowModel.create(made, executor);
  try {
    await use(model);
  } finally {
    await model.dispose();
  }
};
const rows = [
  [0, 1],
  [2, 3],
];
const fitted = (data: DataIn, options: FitOptions = {}) =>
  fit(made, data, { executor, steps: 1, ...options });
const trained = (options: object) =>
  createTrainer({
    flow: made,
    executor,
    data: { examples: Float32Array.of(0, 1, 2, 3), count: 2 },
    steps: 1,
    batchSize: 2,
    ...options,
  });

/** A safetensors file of this header and this many bytes of data. */
function safetensors(header: object | string, bytes = 8, claimed?: bigint): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(bytes)]);
}
const entry = (fields: object) => ({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...fields } });
const load = (bytes: Uint8Array) => () => FlowModel.load(made, bytes, executor);

export const calls: readonly BadCall[] = [
  {
    input: "`linear(0, 3)`",
    call: () => linear(0, 3),
    code: "SHAPE",
    says: ["linear: in must be a positive integer", "got 0"],
  },
  {
    input: "`dequantize([2], { levels: 1 })`",
    call: () => dequantize([2], { levels: 1 }),
    code: "DOMAIN",
    says: ["levels: expected an integer from 2", "found 1"],
  },
  {
    input: "`flow` of layers that do not fit",
    call: () => flow([linear(2, 3), linear(4, 1)]),
    code: "SHAPE",
    says: ["linear[1]: expects [B, 4]", "linear[0] returns [B, 3]"],
  },
  {
    input: "`flow` with a base of another shape",
    call: () => flow([linear(2, 3)], standardNormal([4])),
    code: "SHAPE",
    says: ["the base has the shape [B, 4]", "the last layer returns [B, 3]"],
  },
  {
    input: "`rqSpline(2)`: no shape",
    call: () => rqSpline(2 as never),
    code: "SHAPE",
    says: ["rqSpline: expected the sizes of an example, such as [2]", "got 2"],
  },
  {
    input: "`rqSpline([2], { bin: 3 })`: no such option",
    call: () => rqSpline([2], { bin: 3 } as never),
    code: "USAGE",
    says: ['rqSpline: unknown option "bin"', 'did you mean "bins"?'],
  },
  {
    input: "`take([2])`: no indices",
    call: () => take([2], undefined as never),
    code: "USAGE",
    says: ["take: expected options { indices", "found undefined"],
  },
  {
    input: "`encodeSafetensors()`: no arrays",
    call: () => encodeSafetensors(undefined as never),
    code: "USAGE",
    says: ["encodeSafetensors: the option tensors is missing", "it needs tensors"],
  },
  {
    input: "`bitsPerDimension()`: no numbers",
    call: () => bitsPerDimension(undefined as never, undefined as never),
    code: "USAGE",
    says: ["bitsPerDimension: the option nats is missing", "it needs nats, dimensions"],
  },
  {
    input: "`flow` of a flow",
    call: () => flow([couplingFlow(2)] as never),
    code: "USAGE",
    says: ["expected a list of layers, such as [linear(5, 3)]", "found an object"],
  },
  {
    input: "`denseFlow(2)`: no widths",
    call: () => denseFlow(2, undefined as never),
    code: "USAGE",
    says: ["denseFlow: expected at least one width", "got undefined"],
  },
  {
    input: "`zoo()`: no name",
    call: () => zoo(undefined as never),
    code: "USAGE",
    says: ['no network "undefined"', "expected mnist/fmlp"],
  },
  {
    input: "`createTrainer` without a flow",
    call: () => trained({ flow: undefined }),
    code: "USAGE",
    says: ["createTrainer: the option flow is missing", "it needs flow, executor, data, steps"],
  },
  {
    input: "`flowify` of no layers",
    call: () => flowify({ inShape: [2], layers: [] }),
    code: "SHAPE",
    says: ["chain: a chain needs at least one layer", "at least one"],
  },
  {
    input: "`flowify` of a kind without a rule",
    call: () => flowify({ inShape: [2], layers: [{ kind: "attention" }] } as unknown as Network),
    code: "UNSUPPORTED_OP",
    says: ['layer 0: unknown kind "attention"', "there are actnorm"],
  },
  {
    input: "`flowify` of weights with NaN",
    call: () =>
      flowify({
        inShape: [2],
        layers: [{ kind: "linear", out: 1, weights: { weight: Float32Array.of(1, Number.NaN) } }],
      }),
    code: "DOMAIN",
    says: ["linear", "NaN"],
  },
  {
    input: "`flowify` of weights of another size",
    call: () =>
      flowify({
        inShape: [2],
        layers: [{ kind: "linear", out: 1, weights: { weight: new Float32Array(3) } }],
      }),
    code: "SHAPE",
    says: ["linear[0]: linear: a weight [1, 2] has 2 entries", "got 3"],
  },
  {
    input: "`zoo` of an unknown name",
    call: () => zoo("mnist/unet"),
    code: "USAGE",
    says: ["mnist/unet", "mnist/fmlp"],
  },
  {
    input: "`logProb` of no examples",
    call: () => withModel((m) => m.logProb([])),
    code: "DATA",
    says: ["expected at least one example", "got none"],
  },
  {
    input: "`logProb` of half an example",
    call: () => withModel((m) => m.logProb(new Uint8Array(3))),
    code: "DATA",
    says: ["examples of [2] have 2 numbers each", "the data has 3"],
  },
  {
    input: "`logProb` of NaN",
    call: () => withModel((m) => m.logProb([[1, Number.NaN]])),
    code: "DOMAIN",
    says: ["example 0 holds NaN", "values must be finite"],
  },
  {
    input: "`logProb` of 1.5 where levels are asked for",
    call: () => withModel((m) => m.logProb([[1, 1.5]])),
    code: "DOMAIN",
    says: ["example 0 holds 1.5", "values must be integers in 0..3"],
  },
  {
    input: "`importanceBound` of 0 samples",
    call: () => withModel((m) => m.importanceBound([[1, 2]], { samples: 0 })),
    code: "USAGE",
    says: ["importanceBound: samples: expected an integer of at least 1", "found 0"],
  },
  {
    input: "`sample(0)`",
    call: () => withModel((m) => m.sample(0)),
    code: "USAGE",
    says: ["the number of samples must be a positive integer", "got 0"],
  },
  {
    input: "`createTrainer` with a negative rate",
    call: () => trained({ learningRate: -1 }),
    code: "USAGE",
    says: ["createTrainer: learningRate: expected a number above 0", "found -1"],
  },
  {
    input: "`createTrainer` with a decay of 1",
    call: () => trained({ ema: 1 }),
    code: "USAGE",
    says: ["createTrainer: ema: expected a number from 0 to below 1", "found 1"],
  },
  {
    input: "`createTrainer` with a batch of 0",
    call: () => trained({ batchSize: 0 }),
    code: "USAGE",
    says: ["createTrainer: batchSize: expected an integer of at least 1", "found 0"],
  },
  {
    input: "`createTrainer` for half a step",
    call: () => trained({ steps: 0.5 }),
    code: "USAGE",
    says: ["createTrainer: steps: expected an integer of at least 1", "found 0.5"],
  },
  {
    input: "`fit` of rows of unequal length",
    call: () =>
      fitted([
        [0, 1],
        [1, 2, 3],
      ]),
    code: "DATA",
    says: ["example 1 has 3 numbers", "expected 2: every example is [2]"],
  },
  {
    input: "`fit` of NaN in a row",
    call: () =>
      fitted([
        [0, 1],
        [1, Number.NaN],
      ]),
    code: "DOMAIN",
    says: ["example 1 holds NaN in column 1", "values must be"],
  },
  {
    input: "`fit` of no rows",
    call: () => fitted([]),
    code: "DATA",
    says: ["expected at least one example", "got none"],
  },
  {
    input: "`fit` of fewer rows than a batch",
    call: () => fitted(rows, { batchSize: 3 }),
    code: "USAGE",
    says: ["a batch of 3 is larger than the data", "2 examples"],
  },
  {
    input: "`fit` with all rows held out",
    call: () => fitted(rows, { validation: 1 }),
    code: "USAGE",
    says: ["the share of validation must be between 0 and 1", "got 1"],
  },
  {
    input: "`fit` with steps and epochs",
    call: () => fitted(rows, { epochs: 1 }),
    code: "USAGE",
    says: ["got steps 1 and epochs 1", "expected one of them"],
  },
  {
    input: "`fit` with a signal that is aborted already",
    call: () => fitted(rows, { signal: AbortSignal.abort() }),
    code: "USAGE",
    says: ["the signal was aborted before the first step", "there is no model"],
  },
  {
    input: "`fit` of a data source that fails",
    call: () => fitted({ count: 2, batch: () => Promise.reject(new Error("the disk is gone")) }),
    code: "DATA",
    says: ["the data source failed at 2 examples", "the disk is gone"],
  },
  {
    input: "`load` of a header of 2⁶⁴ − 1 bytes",
    call: load(safetensors("{}", 8, 2n ** 64n - 1n)),
    code: "CHECKPOINT",
    says: ["claims 18446744073709551615 bytes", "cut short, or not safetensors"],
  },
  {
    input: "`load` of sizes whose product is huge",
    call: load(safetensors(entry({ shape: [2 ** 40, 2 ** 40] }))),
    code: "CHECKPOINT",
    says: ["but data_offsets [0, 8] hold 8", "takes 4.835703278458517e+24 bytes"],
  },
  {
    input: "`load` of negative offsets",
    call: load(safetensors(entry({ data_offsets: [-8, 0] }))),
    code: "CHECKPOINT",
    says: ["data_offsets [-8,0] are not two offsets", "safetensors: a: "],
  },
  {
    input: "`load` of arrays that overlap",
    call: load(safetensors({ ...entry({}), b: { dtype: "F32", shape: [2], data_offsets: [4, 12] } }, 12)),
    code: "CHECKPOINT",
    says: ["a gap or an overlap", "b: begins at byte 4 of the data, expected 8"],
  },
  {
    input: "`load` of an array named `__proto__`",
    call: load(safetensors('{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}')),
    code: "CHECKPOINT",
    says: ['the array name "__proto__" is not allowed', "safetensors: "],
  },
  {
    input: "`load` of the arrays of another flow",
    call: load(encodeSafetensors(decodeSafetensors(safetensors(entry({}))).tensors)),
    code: "CHECKPOINT",
    says: ['the checkpoint has no "params.1.rotateIn"', "it belongs to another network or version"],
  },
  {
    input: "`readOnnx` of bytes that are no protocol buffer",
    call: () => readOnnx(Uint8Array.of(255, 255, 255)),
    code: "DATA",
    says: ["not an ONNX file", "or cut short"],
  },
];
