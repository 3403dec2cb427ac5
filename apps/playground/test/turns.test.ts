import { expect, test } from "vitest";
import { coalesce, serialQueue } from "../src/ui/coalesce.js";

const later = (): Promise<void> => new Promise((done) => setTimeout(done, 5));

test("what is chosen while work is done is seen by the work that follows, the newest alone", async () => {
  let chosen = 1;
  const seen: number[] = [];
  const work = coalesce(async () => {
    const here = chosen;
    await later();
    seen.push(here);
  });
  const first = work();
  for (chosen of [2, 3]) void work();
  await first;
  expect(seen).toEqual([1, 3]);
  await work();
  expect(seen).toEqual([1, 3, 3]);
});

test("work that fails rejects for who asked, and the next one is done", async () => {
  const order: string[] = [];
  const inTurn = serialQueue();
  const step = (name: string) => async () => {
    order.push(`${name} begins`);
    await later();
    if (name === "b") throw new Error("no");
    order.push(`${name} ends`);
  };
  const [a, b, c] = ["a", "b", "c"].map((name) => inTurn(step(name)));
  await expect(b).rejects.toThrow("no");
  await Promise.all([a, c]);
  expect(order).toEqual(["a begins", "a ends", "b begins", "c begins", "c ends"]);
});
