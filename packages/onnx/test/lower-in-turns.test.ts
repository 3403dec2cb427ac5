import { createTrainer, flowify, zoo } from "@flowify/core";
import { expect, it } from "vitest";
import { nativeExecutor } from "../src/index.js";

const flow = flowify(zoo("mnist/fconv1-nsf:paper"));
const data = { examples: new Uint8Array(32 * 784), count: 32 };

it("other events have their turn while a large program is compiled, and may end it", async () => {
  const executor = await nativeExecutor({ threads: 1 });
  const told: (readonly [program: string, share: number])[] = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const enough = new Error("enough");
  const onCompile = (program: string, share: number): void => {
    told.push([program, share]);
    if (told.length === 3) throw enough;
  };
  try {
    const trainer = createTrainer({ flow, executor, data, steps: 1, batchSize: 16, onCompile });
    await expect(trainer).rejects.toBe(enough);
  } finally {
    clearInterval(timer);
    await executor.dispose();
  }
  const shares = told.map(([, share]) => share);
  expect(new Set(told.map(([program]) => program))).toEqual(new Set(["gradient"]));
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
  expect(ticks).toBeGreaterThanOrEqual(2);
});
