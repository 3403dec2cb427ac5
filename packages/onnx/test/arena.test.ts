import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DType } from "@jax-js/jax";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arena } from "../src/fused/arena.js";
import { nativeEngine } from "../src/runtime.js";
import { TensorStore } from "../src/tensors.js";
import { spread } from "./compare.js";

const F = DType.Float32;
const small = (): Arena => Arena.create([16]) as Arena;

describe("the arena", () => {
  test("gives aligned blocks, takes them back and gives them again", () => {
    const arena = small();
    const [a, b] = [arena.allocate(5), arena.allocate(17)] as [Float32Array, Float32Array];
    expect([a.length, b.length]).toEqual([5, 17]);
    expect([a.byteOffset % 64, b.byteOffset % 64]).toEqual([0, 0]);
    expect(b.byteOffset - a.byteOffset).toBe(64);
    expect(arena.liveBytes).toBe(64 + 128);
    arena.release(a.byteOffset);
    arena.release(a.byteOffset);
    expect(arena.liveBytes).toBe(128);
    expect(arena.allocate(16)?.byteOffset).toBe(a.byteOffset);
    expect(arena.allocate(16)?.byteOffset).not.toBe(a.byteOffset);
  });

  test("joins free neighbours, in whatever order they come back", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (order) => {
        const arena = small();
        const blocks = order.map((i) => arena.allocate(1000 * (i + 1)) as Float32Array);
        for (const i of order) arena.release((blocks[i] as Float32Array).byteOffset);
        expect(arena.allocate(1 << 17)?.byteOffset).toBe(1 << 19);
      }),
      { numRuns: 30 },
    );
  });

  test("says when it is full, and falls back where its memory cannot be had", () => {
    const arena = small();
    expect(arena.allocate(1 << 18)).toBeUndefined();
    expect(arena.allocate(1 << 16)).toBeInstanceOf(Float32Array);
    expect(Arena.create([2 ** 30, 16])?.memory.buffer.byteLength).toBe(2 ** 20);
    expect(Arena.create([2 ** 30])).toBeUndefined();
  });

  test("takes no memory before it is written", () => {
    const before = process.memoryUsage().rss;
    const arena = Arena.create() as Arena;
    expect(arena.memory.buffer.byteLength).toBeGreaterThanOrEqual(2 ** 28);
    arena.allocate(1 << 20)?.fill(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
  });
});

describe("tensors of the store", () => {
  const open = async (): Promise<{ store: TensorStore; arena: Arena }> => {
    const arena = small();
    const store = new TensorStore(await nativeEngine(), () => arena);
    expect(arena.holds(store.copy(spread([9], F)).data as Float32Array)).toBe(false);
    store.openArena();
    return { store, arena };
  };

  test("lie in the arena while there is room; none is lost in a thousand rounds", async () => {
    const { store, arena } = await open();
    const array = spread([300, 100], F); // four of them fit
    for (let i = 0; i < 1000; i++) {
      const tensors = [store.copy(array), store.copy(array), store.copy(array)];
      expect(tensors.every((tensor) => arena.holds(tensor.data as Float32Array))).toBe(true);
      for (const tensor of [...tensors, ...tensors]) store.release(tensor);
    }
    expect(arena.liveBytes).toBe(0);
    const many = Array.from({ length: 6 }, () => store.copy(array));
    expect(many.filter((tensor) => arena.holds(tensor.data as Float32Array))).toHaveLength(4);
    expect(many.every((tensor) => (tensor.data as Float32Array)[7] === array.data[7])).toBe(true);
  });

  test("come back when they are dropped", async () => {
    const { store, arena } = await open();
    for (let i = 0; i < 5; i++) store.copy(spread([100], F));
    expect(arena.liveBytes).toBe(5 * 448);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let i = 0; i < 50 && arena.liveBytes > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      collect();
    }
    expect(arena.liveBytes).toBe(0);
  });
});
