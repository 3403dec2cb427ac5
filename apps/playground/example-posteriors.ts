/**
 * Writes `public/posterior-*.safetensors`: a posterior of each simulator of the page, of its simulations and in its shape,
 * trained for longer than the page does. To run where these change:
 *
 *     npm run playground:posteriors
 */
import { writeFileSync } from "node:fs";
import { nativeExecutor } from "@flowify/onnx";
import { simulators, trainPosterior } from "flowify/posterior/browser";
import * as v from "valibot";
import { type KnownTask, posteriorConfig, storedFile } from "./src/tabs/posterior/config.js";
import { trainingOf } from "./src/tabs/posterior/training.js";

const executor = await nativeExecutor();
for (const [task, own] of Object.entries(simulators) as [KnownTask, (typeof simulators)[KnownTask]][]) {
  const options = trainingOf(v.parse(posteriorConfig, { task }), own);
  const longer = { epochs: 250, batchSize: 128, learningRate: 3e-3 };
  const found = await trainPosterior({ ...options, ...longer, executor });
  const bytes = found.members[0]!.save();
  writeFileSync(new URL(`public/${storedFile(task)}`, import.meta.url), bytes);
  const { ranks } = await found.diagnose({ simulations: 400, draws: 59 });
  console.log(task, `${bytes.length} bytes, p of the ranks`, ...ranks.map(({ p }) => p.toFixed(3)));
  await found.dispose();
}
await executor.dispose();
