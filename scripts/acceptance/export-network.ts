/**
 * Exports a network with random initialization and compares each file with the flow, in a separate process because of
 * its memory. Prints the comparisons as JSON.
 *
 *     node --conditions=@flowify/source --import tsx scripts/acceptance/export-network.ts NETWORK FOLDER [PYTHON]
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlowModel, flowify, zoo } from "@flowify/core";
import {
  type Comparison,
  compareExport,
  exportFlow,
  loadRuntime,
  nativeExecutor,
  openFile,
  toBytes,
} from "@flowify/onnx";
import { pythonRunner } from "./python-runner.js";

const BATCHES = [1, 7, 128];

const [network = "", folder = "", python] = process.argv.slice(2);
const executor = await nativeExecutor();
const flow = flowify(zoo(network));
const model = await FlowModel.create(flow, executor, { seed: 1 });
const found: { [program: string]: Comparison["outputs"] } = {};
for (const program of exportFlow(flow, model.params)) {
  if (program.name.endsWith("-drawing")) continue;
  const bytes = toBytes(program.graph);
  const file = join(folder, `${program.name}.onnx`);
  writeFileSync(file, bytes);
  const runner = python
    ? pythonRunner(python, file, join(folder, "arrays"))
    : await openFile(await loadRuntime(), bytes);
  found[program.name] = (await compareExport(runner, executor, program, BATCHES)).outputs;
  await runner.dispose();
}
await model.dispose();
await executor.dispose();
process.stdout.write(JSON.stringify(found));
