/** Fixed rotations that share what they rotate with other products. */
import { HostArray } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { DType, numpy as np } from "@jax-js/jax";
import type { LoweredGraph } from "jax-to-onnx/internal";
import { describe, expect, it } from "vitest";
import { type Fn, lowerFixed } from "../../jax-to-onnx/test/compare.js";
import { isRotation } from "../src/is-rotation.js";
import { runFixed, runJax, spread } from "./compare.js";

type A = np.Array;

const sizes = { rows: 5, n: 12, m: 8, hidden: 20, out: 6 };
const { rows, n, m, hidden, out } = sizes;
const d = n - m;
const shapes = [[rows, n], [n, n], [m], [m, m], [m], [hidden, m], [hidden], [out, hidden]];
const ROTATION = 3;

/** A dense layer with its inverse network, as a flow scores by it; `more` is what else reads w and y. */
const layer =
  (more: (w: A, y: A) => A[] = () => []): Fn =>
  (x, r1, s, r2, b, weight, bias, last) => {
    const y = np.matmul(x, r1);
    const w = y.ref.slice([], [d, n]).mul(np.exp(s));
    const others = more(w.ref, y.ref);
    const h = np.maximum(np.matmul(w.ref, np.transpose(weight)).add(bias), 0);
    const z = np.matmul(w, r2).add(b);
    const drop = np.sin(y.slice([], [0, d]));
    return [z, drop, np.matmul(h, np.transpose(last)), ...others];
  };

/** A product of two reflections, with errors of this size. */
function rotation(size: number, error = 0): HostArray {
  const rng = makeRng(size);
  const reflect = (matrix: Float64Array): Float64Array => {
    const v = Float64Array.from({ length: size }, () => rng.normal());
    const square = v.reduce((sum, x) => sum + x * x, 0);
    return matrix.map((value, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      let along = 0;
      for (let k = 0; k < size; k++) along += (matrix[i * size + k] as number) * (v[k] as number);
      return value - (2 * along * (v[j] as number)) / square;
    });
  };
  const identity = Float64Array.from({ length: size * size }, (_, at) => Number(at % (size + 1) === 0));
  const exact = reflect(reflect(identity));
  const data = Float32Array.from(exact, (value) => value + error * rng.normal());
  return new HostArray(data, [size, size], DType.Float32);
}

const lowered = (f: Fn, rotations: boolean): LoweredGraph =>
  lowerFixed(f, shapes, {
    fixed: shapes.map((_, i) => i).slice(1),
    rotations: rotations ? [ROTATION] : [],
  });

const flops = (...products: [number, number][]): number =>
  products.reduce((sum, [k, columns]) => sum + 2 * rows * k * columns, 0);
const network: [number, number][] = [
  [m, hidden],
  [hidden, out],
];

/** The largest difference from jax-js, relative to the largest number, and the operations of the program. */
async function compared(f: Fn, r2: HostArray): Promise<{ difference: number; flops: number | undefined }> {
  const args = shapes.map((shape, i) => (i === ROTATION ? r2 : spread(shape, DType.Float32, i + 1)));
  const { results, flops } = await runFixed(f, args as [HostArray, ...HostArray[]]);
  const expected = runJax(
    f,
    args.map(({ data, shape }) => new HostArray(Float64Array.from(data), shape, DType.Float64)),
  );
  const difference = Math.max(
    ...expected.map(({ data }, i) => {
      const size = Math.max(...data.map(Math.abs));
      return Math.max(...data.map((value, k) => Math.abs(value - (results[i]?.data[k] as number)) / size));
    }),
  );
  return { difference, flops };
}

describe("a fixed rotation beside other products", () => {
  it("takes no product of its own", () => {
    expect(lowered(layer(), false).flops).toBe(flops([n, n], [m, m], ...network));
    expect(lowered(layer(), true).flops).toBe(flops([n, d], [n, m], ...network));
  });

  it("stays a product where something else reads what it rotates, or what that is cut from", () => {
    const read: Fn[] = [layer((w) => [np.sin(w)]), layer((w) => [w]), layer((_w, y) => [np.sum(y, 1)])];
    for (const f of read) expect(lowered(f, true).flops).toBe(lowered(f, false).flops);
  });

  const apart = flops([n, n], [m, m], ...network);
  const shared = flops([n, d], [n, m], ...network);

  it("gives the same numbers", async () => {
    const found = await compared(layer(), rotation(m));
    expect(found.difference).toBeLessThan(1e-6);
    expect(found.flops).toBe(shared);
  });

  it("gives the same numbers where training has left it orthogonal to 1e-5 only", async () => {
    const nearly = rotation(m, 1e-5);
    expect(isRotation(nearly)).toBe(true);
    const found = await compared(layer(), nearly);
    expect(found.difference).toBeLessThan(1e-6);
    expect(found.flops).toBe(shared);
  });

  it("is none where the matrix is not orthogonal", async () => {
    const found = await compared(layer(), rotation(m, 0.1));
    expect(found.difference).toBeLessThan(1e-6);
    expect(found.flops).toBe(apart);
  });

  it.each<[string, Fn]>([
    ["its own", (w, _y, r2, weight) => [np.matmul(w.ref, r2), np.sin(np.matmul(w, weight))]],
    ["another one", (w, _y, r2, weight) => [np.sin(np.matmul(w.ref, r2)), np.matmul(w, weight)]],
    [
      "what stands beside it",
      (w, y, r2, weight) => [y.slice([], [0, d]), np.sin(np.matmul(w.ref, r2)), np.sin(np.matmul(w, weight))],
    ],
  ])("stays where %s is a result", async (_, rest) => {
    const f: Fn = (x, r1, s, r2, _b, weight) => {
      const y = np.matmul(x, r1);
      return rest(y.ref.slice([], [d, n]).mul(np.exp(s)), y, r2, np.transpose(weight));
    };
    const found = await compared(f, rotation(m));
    expect(found.difference).toBeLessThan(1e-6);
  });
});

describe("isRotation", () => {
  it("tells rotations from other matrices", () => {
    const changed = (change: (data: Float32Array) => Float32Array): HostArray =>
      new HostArray(change(Float32Array.from(rotation(30).data)), [30, 30], DType.Float32);
    expect(isRotation(rotation(30))).toBe(true);
    expect(isRotation(changed((data) => data.map((x) => -x)))).toBe(true);
    expect(isRotation(changed((data) => data.map((x) => 1.001 * x)))).toBe(false);
    expect(isRotation(changed((data) => data.with(31, Number.NaN)))).toBe(false);
    expect(isRotation(changed((data) => data.fill(0)))).toBe(false);
    expect(isRotation(new HostArray(new Float32Array(12), [3, 4], DType.Float32))).toBe(false);
    expect(isRotation(new HostArray(Float64Array.of(1, 0, 0, 1), [2, 2], DType.Float64))).toBe(false);
  });
});
