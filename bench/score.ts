import { FlowModel, flowify, zoo } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { loadDataSet } from "flowify";
import { machine, matrixProduct, median } from "./matrix-product.js";
import { type BenchOptions, benchExecutor } from "./network.js";

/** Medians of interleaved rounds, in milliseconds. */
export type ScoreResult = Awaited<ReturnType<typeof benchScore>>;

const ITEMS = 10_000;
/** Counted rounds, each of products, a score, products and sampling. */
const ROUNDS = 5;
const PRODUCTS = 10;

/** Times log p of 10,000 test images, and 10,000 samples, of a network with random initialization, in five interleaved runs each. */
export async function benchScore(
  name: string,
  { dataDir, threads, without }: Pick<BenchOptions, "dataDir" | "threads" | "without">,
) {
  const executor = await benchExecutor({ threads, without });
  const dataSet = name.slice(0, name.indexOf("/"));
  const { images, count, shape } = await loadDataSet(
    { name: dataSet, dir: dataSet === "cifar10" ? dataDir : undefined },
    "test",
  );
  const size = sizeOf(shape);
  const examples = Math.min(ITEMS, count);
  const model = await FlowModel.create(flowify(zoo(name)), executor, { seed: 7 });
  const score = (n: number) => model.logProb(images.subarray(0, n * size));
  const draw = (n: number) => model.sampleFlat(n);
  const g = await matrixProduct(executor);
  const times = { g: [] as number[], score: [] as number[], draw: [] as number[] };
  const timed = async (into: number[], f: () => Promise<unknown>): Promise<void> => {
    const started = performance.now();
    await f();
    into.push(performance.now() - started);
  };
  for (const f of [score, draw]) await f(256 + (examples % 256)); // compiles both batch sizes
  for (let round = 0; round < ROUNDS; round++)
    for (const [into, f] of [[times.score, score] as const, [times.draw, draw] as const]) {
      for (let i = 0; i < PRODUCTS; i++) times.g.push(await g.time());
      await timed(into, () => f(examples));
    }
  const [gMs, scoreMs, drawMs] = [median(times.g), median(times.score), median(times.draw)];
  await g.dispose();
  await model.dispose();
  await executor.dispose();
  return {
    network: name,
    examples,
    scoreMs,
    drawMs,
    gMs,
    scorePerG: scoreMs / gMs,
    drawPerG: drawMs / gMs,
    executor: executor.name,
    machine: machine(),
  };
}
