/**
 * Trains a network of the paper on digits on a device and prints the losses of its first steps as JSON.
 *
 *     node --conditions=@flowify/source --import tsx scripts/acceptance/devices-network.ts NETWORK DEVICE STEPS
 */
import { createTrainer, flowify, zoo } from "@flowify/core";
import { type DeviceName, loadDataSet, openExecutor } from "flowify";

const [network = "", device = "", steps = ""] = process.argv.slice(2);
const ITEMS = 2560;

const warn = (line: string): void => void process.stderr.write(`${line}\n`);
const executor = await openExecutor(device as DeviceName, { warn });
const { images, shape } = await loadDataSet({ name: "mnist" }, "train");
const size = shape.reduce((a, b) => a * b, 1);
const trainer = await createTrainer({
  flow: flowify(zoo(`mnist/${network}`)),
  executor,
  data: { examples: images.subarray(0, ITEMS * size), count: ITEMS },
  steps: Number(steps),
  batchSize: 128,
  seed: 7,
  initExamples: ITEMS,
});
const losses: number[] = [];
while (trainer.taken < Number(steps)) losses.push((await trainer.step()).loss);
await trainer.dispose();
await executor.dispose();
process.stdout.write(JSON.stringify(losses));
