import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTrainer, encodeSafetensors, FlowModel } from "@flowify/core";
import { initParams, makeRng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { examplesOf } from "../../src/data/image-set.js";
import { openExecutor } from "../../src/executors.js";
import { beginBeside, forkBeside } from "../../src/training/beside.js";
import { fittedDetector } from "../../src/training/fit-run-detector.js";
import { optionsOf, planTraining } from "../../src/training/train-plan.js";
import { bin } from "../built-command.js";
import { npyBytes } from "../data/npy-files.js";
import { temporaryFolder } from "../temporary-folder.js";

const options = { serialization: "advanced", stdio: "ignore" } as const;

const root = temporaryFolder();

const planOf = async (steps: number) => {
  const data = join(root, "rows.csv");
  const rng = makeRng(3);
  const lines = Array.from({ length: 120 }, () => `${rng.uniform()},${rng.uniform()}`);
  writeFileSync(data, `a,b\n${lines.join("\n")}\n`);
  return planTraining({ data, steps, out: join(root, "run") });
};

const helperOf = (child: ChildProcess) => forkBeside({ threads: 2 }, () => child)!;

it("another process finds the same initial values, fits and detector of a table, bit for bit", async () => {
  const plan = await planOf(200);
  const { config, data, validation } = plan;
  const helper = helperOf(fork(bin, ["beside"], options));
  const beside = beginBeside(plan, {}, helper)!;
  try {
    expect(beside.starts).toBe(true);
    const executor = await openExecutor("auto");
    const trainer = await createTrainer(optionsOf(plan, executor));
    const params = await trainer.params();
    const model = new FlowModel(plan.flow, params, executor);
    expect(Buffer.compare((await beside.start)!, model.save())).toBe(0);
    const all = [data, validation!].flatMap((set) => [...examplesOf(set)]);
    const count = data.count + validation!.count;
    const again = await trainer.fitAgain({ examples: Float32Array.from(all), count }, params);
    expect(Object.keys(again)).not.toHaveLength(0);
    expect(Buffer.compare((await beside.fitted)!, encodeSafetensors(again))).toBe(0);
    await trainer.dispose();
    await executor.dispose();
    const own = await fittedDetector(config, {}, { warn: () => {} });
    expect(Buffer.compare((await beside.detector)!.bytes, own!.bytes)).toBe(0);
  } finally {
    beside.stop();
    helper.child.kill();
  }
});

it("a run that goes on needs no initial values", async () => {
  const helper = helperOf(fork("-e", [], { ...options, execArgv: ["-e", "0"] }));
  const beside = beginBeside({ ...(await planOf(200)), resume: true }, {}, helper)!;
  expect(beside.starts).toBe(false);
  beside.stop();
});

it("another process finds the same initial values of images, bit for bit, also after Ctrl-C", async () => {
  const folder = join(root, "images.npy");
  const rng = makeRng(4);
  const shape = [40, 1, 4, 4];
  writeFileSync(
    folder,
    npyBytes(
      shape,
      Uint8Array.from({ length: 640 }, () => rng.integer(256)),
    ),
  );
  const plan = await planTraining({ data: folder, steps: 200, network: "auto", out: join(root, "run") });
  const child = fork(bin, ["beside"], options);
  const beside = beginBeside(plan, {}, helperOf(child))!;
  const layers: string[] = [];
  beside.onInit((layer) => {
    layers.push(layer);
    child.kill("SIGINT"); // it reaches both; the other one goes on as long as this one does
  });
  try {
    const executor = await openExecutor("auto");
    const { flow, data } = optionsOf(plan, executor);
    const { seed, init, initExamples } = plan.config.training;
    const own = await initParams({ flow, executor, data, seed, init, initExamples });
    expect(Buffer.compare((await beside.start)!, new FlowModel(flow, own, executor).save())).toBe(0);
    expect(layers).toHaveLength(flow.chain.layers.length);
    await executor.dispose();
  } finally {
    beside.stop();
    child.kill();
  }
});

it("is left to this process where the other one ends, and not begun for a short run or one thread", async () => {
  const plan = await planOf(200);
  const helper = helperOf(fork("-e", [], { ...options, execArgv: ["-e", "0"] }));
  const lost = beginBeside(plan, {}, helper)!;
  expect([await lost.start, await lost.fitted, await lost.detector]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  const never = () => expect.unreachable();
  expect(forkBeside({ threads: 1 }, never)).toBeUndefined();
  expect(forkBeside({ steps: 100, threads: 2 }, never)).toBeUndefined();
  expect(forkBeside({ threads: 2 }, undefined)).toBeUndefined();
  expect(beginBeside(await planOf(100), {}, helper)).toBeUndefined();
});
