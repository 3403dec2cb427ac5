import { DType, grad, numpy as np } from "@jax-js/jax";
import { describe, expect, test } from "vitest";
import { ortCpu, strict } from "../src/target.js";
import { expectSame, type Fn, host, spread } from "./compare.js";
import { runLowered } from "./run-lowered.js";

const { Float64 } = DType;
type A = np.Array;
const fn = (f: (...args: A[]) => unknown): Fn => f as Fn;

describe("movement", () => {
  const x = spread([2, 3, 4], Float64);
  const cases: [string, (a: A) => unknown][] = [
    ["transpose", (a) => np.transpose(a, [2, 0, 1])],
    ["reshape of a transposition", (a) => np.transpose(a, [2, 0, 1]).reshape([4, 6])],
    ["reshape that splits a factor badly", (a) => np.transpose(a, [2, 0, 1]).reshape([3, 8])],
    [
      "broadcast, transposed and flattened",
      (a) =>
        np.transpose(np.broadcastTo(a.reshape([2, 3, 1, 4]), [2, 3, 5, 4]), [2, 1, 0, 3]).reshape([15, 8]),
    ],
    ["flip", (a) => np.flip(a, [0, 2])],
    ["slice", (a) => a.slice([], [1, 3], 2)],
    ["split", (a) => np.split(a, [1, 3], 2)],
    ["split of a merged axis", (a) => np.split(a.reshape([2, 12]), 3, 1)],
    [
      "pad",
      (a) =>
        np.pad(a, [
          [1, 0],
          [0, 2],
          [1, 1],
        ]),
    ],
    [
      "pad of an axis of size 1",
      (a) =>
        np.pad(np.sum(a, 1, { keepdims: true }), [
          [0, 0],
          [1, 2],
          [0, 0],
        ]),
    ],
    ["concatenate", (a) => np.concatenate([a.ref, np.sin(a)], 1)],
    [
      "concatenate of different layouts",
      (a) => np.concatenate([np.transpose(a.ref, [0, 2, 1]), a.reshape([2, 4, 3])], 2),
    ],
    [
      "concatenate with a broadcast part",
      (a) => np.concatenate([a.ref, np.broadcastTo(np.sum(a, 0), [2, 3, 4])], 2),
    ],
    ["concatenate with constants", (a) => np.concatenate([a, np.zeros([2, 3, 1], { dtype: Float64 })], 2)],
    ["stack", (a) => np.stack([a.ref, a], 1)],
    ["tile", (a) => np.tile(a, [1, 2, 1])],
    ["repeat", (a) => np.repeat(a, 2, 1)],
  ];
  test.each(cases)("%s", async (_name, f) => {
    await expectSame(fn(f), [x]);
    const leavesSum = (out: unknown): A =>
      Array.isArray(out)
        ? out.map((o, i) => np.sum(np.sin(o.mul(i + 1)))).reduce((a, b) => a.add(b))
        : np.sum(np.sin(out as A));
    await expectSame(
      fn((a) => grad((b: A) => leavesSum(f(b)))(a)),
      [x],
    );
  });
  test("a sum of many scalars", async () => {
    const total = (a: A): A =>
      [1, 2, 3, 4].map((k) => np.sum(np.sin(a.ref.mul(k)))).reduce((sum, term) => sum.add(term), np.sum(a));
    await expectSame(fn(total), [x]);
  });
  test("results that are arguments, constants or the same twice", async () => {
    await expectSame(
      fn((a) => [a.ref, a.ref, np.zeros([2, 2]), np.transpose(a.ref).transpose(), a] as never),
      [x],
    );
  });
  test("numbers from arrays without elements, and arrays without elements of every type", async () => {
    const none = (dtype: DType) => host([], [0], dtype);
    await expectSame(
      fn((a) => [np.pad(a.ref, [[1, 2]]), np.negative(a.ref), a.astype(DType.Int32)] as never),
      [none(DType.Uint32)],
    );
    await expectSame(
      fn((a) => [np.zeros([3, 0]), a.reshape([0, 2])] as never),
      [none(DType.Float32)],
    );
    await expectSame(
      fn(
        (a) =>
          [
            a.ref.astype(DType.Uint32),
            np.all(a.ref.astype(DType.Bool)),
            np.any(a.astype(DType.Bool)),
          ] as never,
      ),
      [none(DType.Float32)],
    );
    await expectSame(
      fn(
        (a) =>
          [np.sum(a.ref, 1), np.max(a.ref, 1), np.min(a.ref, 1), np.prod(a.ref, 1), np.max(a, 0)] as never,
      ),
      [host([], [3, 0, 2], DType.Float32)],
    );
    await expectSame(
      fn((a) =>
        np.pad(a, [
          [0, 0],
          [1, 0],
          [0, 1],
        ]),
      ),
      [host([], [3, 0, 2], DType.Float32)],
    );
  });
  test.each([[strict], [ortCpu]])("products over axes without elements: $name", async (target) => {
    for (const batch of [[], [2]]) {
      const each = {
        name: "product",
        f: (a: A, b: A) => np.matmul(a, b),
        inputs: [host([], [...batch, 3, 0], DType.Float32), host([], [...batch, 0, 4], DType.Float32)],
      };
      const [found] = (await runLowered(each, target)).results;
      expect([found?.shape, found?.data]).toEqual([[...batch, 3, 4], new Float32Array(12 * (batch[0] ?? 1))]);
    }
  });
  test("arrays without elements", async () => {
    const none = host([], [0, 4], Float64);
    const some = spread([2, 4], Float64);
    await expectSame(
      fn((a, b) => [np.concatenate([a.ref, b], 0), np.sum(a.ref, 0), a] as never),
      [none, some],
    );
  });
});
