import { FlowModel, flowify, zoo } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import { loadDataSet } from "flowify";
import { machine } from "./machine.js";
import { matrixProduct, median } from "./matrix-product.js";

/** log p of test images and as many draws, once each. Times in milliseconds. */
export type ScoreResult = {
  network: string;
  items: number;
  scoreMs: number;
  drawMs: number;
  gMs: number;
  scorePerG: number;
  drawPerG: number;
  executor: string;
  machine: string;
};

const ITEMS = 10_000;
const PRODUCTS = 20;

/** Times log p of 10,000 test images, and 10,000 draws, of a network with random start values. */
export async function benchScore(name: string, dataDir?: string): Promise<ScoreResult> {
  const executor = await nativeExecutor();
  const dataSet = name.slice(0, name.indexOf("/"));
  const { images, count, shape } = await loadDataSet(
    { name: dataSet, dir: dataSet === "cifar10" ? dataDir : undefined },
    "test",
  );
  const size = shape.reduce((a, b) => a * b, 1);
  const items = Math.min(ITEMS, count);
  const model = await FlowModel.create(flowify(zoo(name)), executor, { seed: 7 });
  const score = (n: number) => model.logProb(images.subarray(0, n * size));
  const draw = (n: number) => model.sample(n);
  const g = await matrixProduct(executor);
  const gTimes: number[] = [];
  const timed = async (f: (n: number) => Promise<unknown>): Promise<number> => {
    await f(256 + (items % 256)); // compiles both sizes of batch
    for (let i = 0; i < PRODUCTS; i++) gTimes.push(await g.time());
    const started = performance.now();
    await f(items);
    const took = performance.now() - started;
    for (let i = 0; i < PRODUCTS; i++) gTimes.push(await g.time());
    return took;
  };
  const [scoreMs, drawMs] = [await timed(score), await timed(draw)];
  const gMs = median(gTimes);
  await g.dispose();
  await model.dispose();
  await executor.dispose();
  return {
    network: name,
    items,
    scoreMs,
    drawMs,
    gMs,
    scorePerG: scoreMs / gMs,
    drawPerG: drawMs / gMs,
    executor: executor.name,
    machine: machine(),
  };
}
