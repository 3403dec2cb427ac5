/** Functions that are no flows as ONNX files, with the options of `toOnnx`. */
import { fromBinary } from "@bufbuild/protobuf";
import { DType, type JsTree, numpy as np } from "@jax-js/jax";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type OwnRule, ortCpu, portable, type Target, toOnnx } from "../src/index.js";
import { spread } from "./compare.js";
import { type Example, examples, ran } from "./examples.js";
import { HostArray } from "./host-array.js";

type A = np.Array;

async function run(
  file: Uint8Array,
  inputs: ReadonlyMap<string, HostArray>,
  options: InferenceSession.SessionOptions = {},
): Promise<{ names: readonly string[]; outputs: readonly string[]; results: Tensor[] }> {
  const session = await InferenceSession.create(file, { logSeverityLevel: 3, ...options });
  const feeds = session.inputNames.map((name) => {
    const { data, shape } = inputs.get(name) as HostArray;
    return [name, new Tensor("float32", data as Float32Array, [...shape])] as const;
  });
  const found = await session.run(Object.fromEntries(feeds));
  await session.release();
  const { inputNames: names, outputNames: outputs } = session;
  return { names, outputs, results: outputs.map((name) => found[name] as Tensor) };
}

function expectClose(found: readonly Tensor[], wanted: readonly HostArray[]): void {
  expect(found.map(({ dims }) => dims)).toEqual(wanted.map(({ shape }) => shape));
  wanted.forEach(({ data }, i) => {
    const off = Array.from(data, (value, k) => Math.abs(Number(value) - Number(found[i]?.data[k])));
    expect(Math.max(...off)).toBeLessThan(3e-5);
  });
}

describe.each([portable, ortCpu])("for $name", (target: Target) => {
  it.each(examples)("$name, for every size", async (example) => {
    const file = toOnnx(example.f, example.args, { target });
    for (const sizes of [
      { batch: 3, length: 5 },
      { batch: 6, length: 1 },
    ]) {
      const { inputs, results } = ran(example, sizes);
      const found = await run(file, inputs);
      expect(found.names).toEqual([...inputs.keys()]);
      expect(found.outputs).toEqual(example.results);
      expectClose(found.results, results);
    }
  });
});

const mlp = examples[0] as Example;
const parsed = (file: Uint8Array) => fromBinary(ModelProtoSchema, file);

it("the file names its sizes, and the products of two", () => {
  const f = (x: A): A => np.square(x).reshape([-1, 6]);
  const { graph } = parsed(toOnnx(f, { x: { shape: ["batch", "length", 2, 6] } }));
  const shapes = [...(graph?.input ?? []), ...(graph?.output ?? [])].map(({ type }) => {
    const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
    return tensor?.shape?.dim.map(({ value }) => String(value.value));
  });
  expect(shapes).toEqual([
    ["batch", "length", "2", "6"],
    ["2*batch*length", "6"],
  ]);
});

describe("refuses", () => {
  const of =
    (f: (x: A) => JsTree<A>, options: Parameters<typeof toOnnx>[2] = {}, shape: (number | string)[] = [3]) =>
    () =>
      toOnnx(f, { x: { shape } }, options);
  const sine = (x: A): A => np.sin(x);
  const value = { data: new Float32Array(2), shape: [2] };
  it.each([
    [
      "a constant of another shape",
      of(sine, { constants: { x: value } }),
      "constant x: shape [2], expected [3]",
    ],
    ["no argument", of(sine, { constants: { y: value } }), "constant y: expected one of the arguments x"],
    [
      "another type",
      of(sine, { constants: { x: { data: new Float64Array(3), shape: [3] } } }),
      "constant x: Float64Array, expected Float32Array for float32",
    ],
    ["too many names", of(sine, { names: ["a", "b"] }), "2 names for 1 results: a, b"],
    ["a name twice", of(sine, { names: ["x"] }), "x: a name of two results, or of an input and a result"],
    [
      "an unknown option",
      of(sine, { nmae: "f" } as never),
      'toOnnx: unknown option "nmae"; it has name, names, constants',
    ],
    ["an old opset", of(sine, { opset: 8 }), "opset 8: expected one of 9, 10, 11, 12, 13, 14"],
    [
      "an operator that an old opset lacks",
      of((x) => np.pad(x, [[1, 1]]), { opset: 10 }),
      "opset 10 has no operator for it\nchoose a newer opset, 18 at least",
    ],
    ["five names of sizes", of(sine, {}, ["a", "b", "c", "d", "e"]), "expected at most 4"],
    [
      "a mean over an axis of any size",
      of((x) => np.mean(x, 0), {}, ["batch", 2]),
      "depends on the size of the batch",
    ],
    [
      "one size for two lengths",
      of((x) => np.mean(x, 1), {}, ["batch", "length", 2]),
      "depends on the size of the length",
    ],
  ])("%s", (_, made, message) => {
    expect(made).toThrow(message);
  });
});

it("builds in values, of jax-js or typed arrays, and names results", async () => {
  const { inputs, results } = ran(mlp, { batch: 3 });
  const array = (path: string): A => {
    const { data, shape } = inputs.get(path) as HostArray;
    return np.array(data as Float32Array<ArrayBuffer>, { shape: [...shape], dtype: DType.Float32 });
  };
  const [w, b] = [array("params.hidden.w"), array("params.hidden.b")];
  const params = { hidden: { w, b }, out: inputs.get("params.out") as HostArray };
  const file = toOnnx(mlp.f, mlp.args, { constants: { params }, names: ["logits"] });
  expect([w.refCount, b.refCount]).toEqual([1, 1]);
  const found = await run(file, inputs);
  expect(found.names).toEqual(["x"]);
  expectClose(found.results, results);
  expect(parsed(file).graph?.output.map(({ name }) => name)).toEqual(["logits"]);
});

it.each([18, 19, 21, 22, 23])("writes opset %i", async (opset) => {
  const file = toOnnx(mlp.f, mlp.args, { opset });
  expect(parsed(file).opsetImport.map(({ version }) => version)).toEqual([BigInt(opset)]);
  const { inputs, results } = ran(mlp, { batch: 2 });
  expectClose((await run(file, inputs)).results, results);
});

/** Operators that older opsets have in another form, or not at all, at places where these differ: ties and NaN. */
const compared = (x: A): A[] => {
  const whole = np.floor(x.ref.mul(4)).astype(np.int32);
  const [least, most] = [np.maximum(whole.ref, 1), np.minimum(whole, -1)];
  const half = np.where(np.lessEqual(x.ref, 0.25), x.ref.mul(2), x.ref.neg());
  const equal = np.where(np.equal(x.ref, 0.25), 1, np.where(np.notEqual(x.ref, x.ref), 2, 0));
  const flipped = np.flip(x.ref, 1);
  const [first, second] = np.split(x.ref, 2, 1) as [A, A];
  const sums = np.sum(x.ref.mul(x.ref), 1, { keepdims: true }).add(np.max(x.ref, 1, { keepdims: true }));
  const wide = np.concatenate([x.ref, np.ones([x.shape[0] as number, 1])], 1);
  return [
    half,
    equal,
    flipped,
    first.mul(second),
    sums,
    wide,
    least,
    most,
    np.matmul(x.slice([], [1, 3]), np.ones([2, 2])),
  ];
};

it.each([9, 10, 11, 12, 13, 14, 17, 20])("computes the same by the operators of opset %i", async (opset) => {
  const data = Float32Array.of(0.25, -1.5, 0.75, Number.NaN, 0.3, 0.2, 0.25, -0.25, 2, 2, -2, 0.25);
  const input = new HostArray(data, [3, 4], DType.Float32);
  const target = { ...portable, steps: false };
  const file = (version: number) =>
    toOnnx(compared, { x: { shape: ["batch", 4] } }, { opset: version, target });
  expect(parsed(file(opset)).opsetImport.map(({ version }) => version)).toEqual([BigInt(opset)]);
  const inputs = new Map([["x", input]]);
  const [wanted, found] = [await run(file(20), inputs), await run(file(opset), inputs)];
  expect(found.results.map(({ data: each }) => each)).toEqual(wanted.results.map(({ data: each }) => each));
  expect(wanted.results).toHaveLength(9);
});

it("writes large constants to a second file, at multiples of a page", async () => {
  const inputs = new Map([["x", spread([2, 40], DType.Float32)]]);
  const [w, v] = [spread([40, 40], DType.Float32, 2), spread([40, 3], DType.Float32, 3)];
  const f = (x: A, a: A, b: A, c: A): A => np.matmul(np.sin(np.matmul(x, a)), b).add(c);
  const args = {
    x: { shape: ["batch", 40] },
    w: { shape: [40, 40] },
    v: { shape: [40, 3] },
    small: { shape: [3] },
  };
  const pieces: Uint8Array[] = [];
  const externalData = {
    location: "weights.bin",
    write: (bytes: Uint8Array) => pieces.push(bytes),
    atLeast: 100,
  };
  const constants = { w, v, small: spread([3], DType.Float32, 4) };
  const file = toOnnx(f, args, { constants, externalData });
  const data = Buffer.concat(pieces);
  expect(data.length).toBe(8192 + 480);
  const bytes = (a: HostArray) => Buffer.from(a.data.buffer, a.data.byteOffset, a.data.byteLength);
  expect(data.subarray(0, 6400).equals(bytes(w))).toBe(true);
  expect(data.subarray(8192).equals(bytes(v))).toBe(true);
  expect(file.length).toBeLessThan(1500);
  const whole = await run(toOnnx(f, args, { constants }), inputs);
  const split = await run(file, inputs, { externalData: [{ path: "weights.bin", data }] });
  expect(split.results[0]?.data).toEqual(whole.results[0]?.data);
});

it("refuses constants beyond the largest file, unless a second one takes them", () => {
  const w = Object.create(Float32Array.prototype, {
    byteLength: { value: 2 ** 31 },
  }) as Float32Array<ArrayBuffer>;
  const size = 2 ** 29;
  const f = (x: A, a: A): A => x.add(a);
  const args = { x: { shape: [size] }, w: { shape: [size] } };
  expect(() => toOnnx(f, args, { constants: { w: { data: w, shape: [size] } } })).toThrow(
    "constants of 2147483648 bytes do not fit into one file of 2147483647; write them to a second one with externalData",
  );
});

describe("a rule of one's own", () => {
  /** Half of an operator that ONNX Runtime has beside the standard ones: x · ½ (1 + erf(x / √2)). */
  const rules: Readonly<Record<string, OwnRule>> = {
    sin: ({ node, constant }, { inputs: [x], outputs: [y] }) => {
      const type = y as { shape: number[]; dtype: DType };
      const half = constant([0.5], { shape: [], dtype: DType.Float32 });
      const made = node("Gelu", [x?.name ?? ""], type, { domain: "com.microsoft" });
      return [node("Mul", [made, half], type)];
    },
  };

  it("makes the nodes, also of other domains", async () => {
    const f = (x: A): A => np.sin(np.transpose(x)).add(1);
    const file = toOnnx(f, { x: { shape: ["batch", 3] } }, { rules });
    expect(parsed(file).opsetImport.map(({ domain }) => domain)).toEqual(["", "com.microsoft"]);
    const x = spread([2, 3], DType.Float32);
    const { results } = await run(file, new Map([["x", x]]));
    const first = Number(x.data[0]);
    expect(results[0]?.dims).toEqual([3, 2]);
    const gelu = 0.5 * first * (1 + erf(first / Math.SQRT2));
    expect(Number(results[0]?.data[0])).toBeCloseTo(0.5 * gelu + 1, 6);
  });

  it("has to return what the equation does", () => {
    const short: OwnRule = ({ node }, { inputs: [x] }) => [
      node("ReduceSum", [x?.name ?? ""], { shape: [1, 1], dtype: DType.Float32 }),
    ];
    const f = (x: A): A => np.sin(x);
    const write = (rule: OwnRule) => () => toOnnx(f, { x: { shape: [2, 3] } }, { rules: { sin: rule } });
    expect(write(short)).toThrow("the rule of sin: result 0 is float32 [1,1], expected float32 [2,3]");
    expect(write(() => [])).toThrow("the rule of sin: result 0 is missing, expected float32 [2,3]");
  });
});

/** The error function by its series. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 40; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
