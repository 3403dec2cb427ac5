import { HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { afterEach, expect, it, vi } from "vitest";
import { lowerOnce, sessionOf } from "../src/compiled-before.js";
import { nativeExecutor } from "../src/native-executor.js";
import { Recent } from "../src/recent.js";
import { nativeRuntime } from "../src/runtime.js";

afterEach(() => vi.restoreAllMocks());

/** The values of f(1, 2, 3), by an executor of its own, which is disposed of. */
async function computed(f: (x: np.Array) => np.Array, lift = false): Promise<number[]> {
  const executor = await nativeExecutor({ threads: 1 });
  const x = new HostArray(Float32Array.of(1, 2, 3), [3], np.float32);
  const program = await executor.compile(f, [x] as never, { name: "before", lift });
  const placed = await program.run([x] as never);
  const out = (await executor.fetch(placed)) as unknown as HostArray;
  await program.dispose();
  await executor.dispose();
  return [...out.data];
}

it("an equal program takes the session that another closed, an unlike one opens its own", async () => {
  const { InferenceSession } = await nativeRuntime();
  const create = vi.spyOn(InferenceSession, "create");
  expect(await computed((x) => np.square(x).add(0.25))).toEqual([1.25, 4.25, 9.25]);
  expect(create).toHaveBeenCalledTimes(1);
  expect(await computed((x) => np.square(x).add(0.25))).toEqual([1.25, 4.25, 9.25]);
  expect(create).toHaveBeenCalledTimes(1);
  expect(await computed((x) => np.square(x).add(0.75))).toEqual([1.75, 4.75, 9.75]);
  expect(create).toHaveBeenCalledTimes(2);
});

it("a program whose captured arrays are arguments takes the session of one with others", async () => {
  const { InferenceSession } = await nativeRuntime();
  const create = vi.spyOn(InferenceSession, "create");
  const scaled = (...by: number[]) => {
    const factors = np.array(by);
    return (x: np.Array) => x.mul(factors.ref).sub(np.array([7, 7, 7]));
  };
  expect(await computed(scaled(1, 2, 3), true)).toEqual([-6, -3, 2]);
  expect(await computed(scaled(4, 5, 6), true)).toEqual([-3, 3, 11]);
  expect(create).toHaveBeenCalledTimes(1);
  // one short number is a part of the program, one of many digits is not
  expect(await computed(scaled(4, 4, 4), true)).toEqual([-3, 1, 5]);
  expect(create).toHaveBeenCalledTimes(2);
  const third = Math.fround(1 / 3);
  expect(await computed(scaled(third, third, third), true)).toEqual(
    [1, 2, 3].map((x) => Math.fround(Math.fround(third * x) - 7)),
  );
  expect(create).toHaveBeenCalledTimes(2);
});

it("two equal programs that are open at once have a session each; one is kept", async () => {
  const opened: { close: ReturnType<typeof vi.fn<() => Promise<void>>> }[] = [];
  const open = async () => {
    const session = { run: vi.fn<() => Promise<void>>(), close: vi.fn<() => Promise<void>>() };
    opened.push(session);
    return session;
  };
  const runtime = {} as never;
  const program = (key?: string, peak = 1) => ({ key, graph: { nodes: [], constants: [] }, peak });
  const [one, other] = [
    await sessionOf(runtime, program("a"), open),
    await sessionOf(runtime, program("a"), open),
  ];
  expect(opened).toHaveLength(2);
  await one.close();
  await other.close();
  expect(opened.map(({ close }) => close.mock.calls.length)).toEqual([1, 0]);
  // one that is larger than all that may be kept is released, and so is one without a key
  await (await sessionOf(runtime, program("large", 1e9), open)).close();
  await (await sessionOf(runtime, program(), open)).close();
  expect(opened.map(({ close }) => close.mock.calls.length)).toEqual([1, 0, 1, 1]);
});

it("a program without a key is lowered each time, a graph of large constants is not kept", async () => {
  const graph = async (numbers: number) =>
    ({ nodes: [], constants: [{ data: new Float32Array(numbers) }] }) as never;
  const lowered = vi.fn<() => Promise<never>>(() => graph(10));
  await lowerOnce(undefined, lowered);
  await lowerOnce(undefined, lowered);
  expect(lowered).toHaveBeenCalledTimes(2);
  await lowerOnce("small", lowered);
  await lowerOnce("small", lowered);
  expect(lowered).toHaveBeenCalledTimes(3);
  const large = vi.fn<() => Promise<never>>(() => graph(200_000));
  await lowerOnce("large", large);
  await lowerOnce("large", large);
  expect(large).toHaveBeenCalledTimes(2);
});

it("a program that is being lowered is not lowered beside that, unless it fails", async () => {
  const lowered = vi.fn<() => Promise<never>>(
    async () => ({ nodes: [], constants: [{ data: new Float32Array(200_000) }] }) as never,
  );
  const [one, other] = await Promise.all([lowerOnce("twice", lowered), lowerOnce("twice", lowered)]);
  expect(lowered).toHaveBeenCalledTimes(1);
  expect(other).toBe(one);
  const ended = lowerOnce("ended", () => Promise.reject(new Error("ended")));
  const waiting = [lowerOnce("ended", lowered), lowerOnce("ended", lowered)];
  await expect(ended).rejects.toThrow("ended");
  const [first, second] = await Promise.all(waiting);
  expect(lowered).toHaveBeenCalledTimes(2);
  expect(second).toBe(first);
});

it("of recent things those used last stay", () => {
  const recent = new Recent<{ id: number }>(3);
  const [a, b, c, d] = [1, 2, 3, 4].map((id) => ({ id }));
  expect([recent.put("a", a!, 1), recent.put("b", b!, 1), recent.put("c", c!, 1)]).toEqual([[], [], []]);
  expect(recent.get("a")).toBe(a);
  expect(recent.put("d", d!, 1)).toEqual([b]);
  expect(recent.put("d", a!, 1)).toEqual([d]);
  expect(recent.put("e", b!, 4)).toEqual([b]);
  expect([recent.take("a"), recent.take("a"), recent.get("e")]).toEqual([a, undefined, undefined]);
});
