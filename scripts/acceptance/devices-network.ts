/**
 * Trains a network of the paper on digits on a device and prints the losses of its first steps as JSON.
 *
 *     node --conditions=@flowify/source --import tsx scripts/acceptance/devices-network.ts NETWORK DEVICE STEPS
 */
import { type DeviceName, fit, flowify, loadDataSet, openExecutor, zoo } from "flowify";

const [network = "", device = "", steps = ""] = process.argv.slice(2);
const ITEMS = 2560;

const warn = (line: string): void => void process.stderr.write(`${line}\n`);
const executor = await openExecutor(device as DeviceName, { warn });
const { images, shape } = await loadDataSet({ name: "mnist" }, "train");
const size = shape.reduce((a, b) => a * b, 1);
const losses: number[] = [];
const data = { examples: images.subarray(0, ITEMS * size), count: ITEMS };
const model = await fit(flowify(zoo(`mnist/${network}`)), data, {
  executor,
  steps: Number(steps),
  batchSize: 128,
  seed: 7,
  initExamples: ITEMS,
  onStep: ({ loss }) => void losses.push(loss),
});
await model.dispose();
await executor.dispose();
process.stdout.write(JSON.stringify(losses));
