import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { DType, grad, lax, makeJaxpr, numpy as np, valueAndGrad } from "@jax-js/jax";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { toBytes } from "../src/file.js";
import { type LoweredGraph, type LowerOptions, lower, loweredPrimitives } from "../src/lower.js";
import type { GraphModel } from "../src/model.js";
import { expectSame, spread } from "./compare.js";

type A = np.Array;

const lowered = (f: (...args: A[]) => unknown, ...shapes: number[][]): LoweredGraph =>
  loweredWith({}, f, ...shapes);

/** Arguments are x0, x1, …; those named in `fixed` are the same in every run. */
function loweredWith(
  options: Pick<LowerOptions, "fixed" | "itemwise">,
  f: (...args: A[]) => unknown,
  ...shapes: number[][]
): LoweredGraph {
  const zeros = shapes.map((shape) => np.zeros(shape, { dtype: DType.Float32 }));
  const { jaxpr } = makeJaxpr(f as () => A)(...(zeros as []));
  const model = lower(jaxpr, { inputNames: shapes.map((_, i) => `x${i}`), ...options });
  jaxpr.dispose();
  for (const zero of zeros) zero.dispose();
  return model;
}

const ops = (model: GraphModel): string[] => model.nodes.map((node) => node.op).sort();

describe("what is not written", () => {
  const layer = (x: A, w: A, b: A): A => np.matmul(x, w).add(b);

  test("a dense layer is one Gemm", () => {
    expect(ops(lowered(layer, [8, 4], [4, 6], [6]))).toEqual(["Gemm"]);
    const transposed = (x: A, w: A, b: A): A => layer(x, np.transpose(w), b);
    expect(ops(lowered(transposed, [8, 4], [6, 4], [6]))).toEqual(["Gemm"]);
  });

  test("a second product where something else reads the first one too", () => {
    const both = (x: A, w: A, b: A): A[] => {
      const y = np.matmul(x, w);
      return [y.ref.add(b), np.sin(y)];
    };
    expect(ops(lowered(both, [8, 4], [4, 6], [6]))).toEqual(["Add", "MatMul", "Sin"]);
  });

  test("a reversal that is undone", () => {
    expect(ops(lowered((x) => np.flip(np.flip(x, 1), 1), [8, 4]))).toEqual(["Identity"]);
  });

  test("its gradient has no transposition and no reshape", () => {
    const loss = (x: A, w: A, b: A): A => np.sum(np.square(layer(x, w, b)));
    const model = lowered(valueAndGrad(loss, { argnums: [0, 1, 2] }) as never, [8, 4], [4, 6], [6]);
    expect(ops(model)).toEqual(["Add", "Gemm", "Gemm", "Gemm", "ReduceSum", "ReduceSumSquare"]);
  });

  test("windows and transformations that another product of a convolution has made already", () => {
    const gradients = (stride: number, padding: "SAME" | "VALID") => {
      const loss = (x: A, w: A): A => np.sum(np.sin(lax.convGeneralDilated(x, w, [stride, stride], padding)));
      const gradient = grad(loss, { argnums: [0, 1] }) as never;
      const found = ops(loweredWith({ itemwise: true }, gradient, [2, 3, 9, 9], [4, 3, 3, 3]));
      const count = (...names: string[]) => found.filter((op) => names.includes(op)).length;
      return { gathers: count("Gather"), products: count("MatMul", "Gemm"), convs: count("Conv", "Slice") };
    };
    // of x, w and z forward 2, 1 and 2; of δ, w and the gradient of x 2, 1 and 2; of the gradient of w 1; 3 products
    expect(gradients(1, "SAME")).toEqual({ gathers: 0, products: 14, convs: 0 });
    // the windows of x, for z and the weight's gradient, and those of z's gradient
    expect(gradients(2, "VALID")).toEqual({ gathers: 2, products: 3, convs: 0 });
  });

  test("windows that would not fit in memory", () => {
    const found = ops(
      lowered((x, w) => lax.convGeneralDilated(x, w, [1, 1], "SAME"), [64, 64, 256, 256], [8, 64, 7, 7]),
    );
    expect(found).toContain("Conv");
  });

  test("idioms of jax-js: x − y, x / y, |x|, max(x, 0)", () => {
    expect(ops(lowered((x, y) => x.sub(y), [4], [4]))).toEqual(["Sub"]);
    expect(ops(lowered((x, y) => x.div(y), [4], [4]))).toEqual(["Div"]);
    expect(ops(lowered((x) => np.abs(x), [4]))).toEqual(["Abs"]);
    expect(ops(lowered((x) => np.maximum(x, 0), [4]))).toEqual(["Relu"]);
    expect(ops(lowered((x) => x.mul(2).mul(3).neg(), [4]))).toEqual(["Mul"]);
    expect(ops(lowered((x) => np.sin(x.ref).add(np.sin(x)), [4]))).toEqual(["Add", "Sin"]);
  });
});

describe("a long sum over narrow matrices, AᵀB,", () => {
  const product = (a: A, b: A): A => np.matmul(np.transpose(a), b);

  test("is one Gemm", () => {
    for (const [k, m, n] of [
      [512, 80, 8],
      [4096, 80, 8],
      [4096, 8, 80],
    ] as [number, number, number][])
      expect(ops(lowered(product, [k, m], [k, n]))).toEqual(["Gemm"]);
  });

  test("gives the numbers that it gave", async () => {
    const [k, m, n] = [4096, 65, 3];
    await expectSame(product, [spread([k, m], DType.Float32), spread([k, n], DType.Float32, 2)]);
  });
});

describe("three matrices are multiplied in the order that takes less", () => {
  const flops = (...sizes: [number, number, number][]): number =>
    sizes.reduce((sum, [m, k, n]) => sum + 2 * m * k * n, 0);

  test("a product on either side, or none", () => {
    const left = lowered((a, b, c) => np.matmul(np.matmul(a, b), c), [9, 2], [2, 8], [8, 3]);
    expect(left.flops).toBe(flops([2, 8, 3], [9, 2, 3]));
    const right = lowered((a, b, c) => np.matmul(a, np.matmul(b, c)), [3, 8], [8, 2], [2, 9]);
    expect(right.flops).toBe(flops([3, 8, 2], [3, 2, 9]));
    const kept = lowered((a, b, c) => np.matmul(np.matmul(a, b), c), [2, 8], [8, 9], [9, 3]);
    expect(kept.flops).toBe(flops([2, 8, 9], [2, 9, 3]));
  });

  test("RᵀG of a layer x R: the gradient of x is there already, that of R is not needed", () => {
    const f = (x: A, r: A): A[] => {
      const [dx, dr] = grad((a: A, b: A) => np.sum(np.sin(np.matmul(a, b))), { argnums: [0, 1] })(x, r.ref);
      return [dx, np.matmul(np.transpose(r), dr)];
    };
    const { flops: counted } = lowered(f, [2, 7], [7, 7]);
    expect(counted).toBe(3 * flops([2, 7, 7]));
  });

  test("two fixed matrices are one, also with the columns between them scaled", () => {
    const scaled = (x: A, a: A, s: A, b: A): A => np.matmul(np.matmul(x, a).mul(np.exp(s)), b);
    const back = (x: A, a: A, s: A, b: A): A =>
      np.matmul(np.matmul(x, np.transpose(a)).mul(s), np.transpose(b));
    const fixed = new Set(["x1", "x2", "x3"]);
    for (const f of [scaled, back]) {
      const shapes: [number[], number[], number[], number[]] = [[5, 4], [4, 4], [4], [4, 4]];
      expect(loweredWith({ fixed }, f, ...shapes).flops).toBe(flops([5, 4, 4]));
      expect(loweredWith({ fixed: new Set(["x1", "x3"]) }, f, ...shapes).flops).toBe(2 * flops([5, 4, 4]));
    }
  });

  test("but not where that takes more", () => {
    const f = (x: A, a: A, b: A): A => np.matmul(np.matmul(x, a), b);
    const { flops: counted } = loweredWith({ fixed: new Set(["x1", "x2"]) }, f, [5, 8], [8, 2], [2, 8]);
    expect(counted).toBe(2 * flops([5, 8, 2]));
  });
});

test("the file parses, says its opset and uses no private operators", () => {
  const model = lowered((x, w) => np.matmul(x, w), [2, 3], [3, 4]);
  const proto = fromBinary(ModelProtoSchema, toBytes(model));
  expect(proto.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([["", 20n]]);
  expect(proto.graph?.input.map((input) => input.name)).toEqual(["x0", "x1"]);
  expect(proto.graph?.output.map((output) => output.name)).toEqual(["output.0"]);
});

/** The primitives of jax-js, as its declarations list them. */
function primitivesOfJax(): string[] {
  const declarations = readFileSync(
    fileURLToPath(import.meta.resolve("@jax-js/jax")).replace(/index\.js$/, "index.d.ts"),
    "utf8",
  );
  const [, body = ""] = /declare enum Primitive \{(.*?)\n\}/s.exec(declarations) ?? [];
  return Array.from(body.matchAll(/= "(\w+)"/g), ([, name]) => name as string);
}

test("docs/lowering.md says of every primitive of jax-js how it is lowered, or why not", () => {
  const page = readFileSync(new URL("../../../docs/lowering.md", import.meta.url), "utf8");
  const [described = "", leftOut = ""] = page.split("Left out, by");
  const names = (text: string): string[] =>
    Array.from(text.matchAll(/^\| (`.*?) \|/gm), ([, cell = ""]) => cell.split(", ")).flatMap((row) =>
      row.map((name) => name.replaceAll("`", "")),
    );
  expect(names(described).toSorted()).toEqual(loweredPrimitives.toSorted());
  expect([...names(described), ...names(leftOut)].toSorted()).toEqual(primitivesOfJax().toSorted());
});
