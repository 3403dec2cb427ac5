import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createTrainer, type Executor, flowify, type TrainingState, zoo, zooNames } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import { describe, expect, it } from "vitest";
import { ratesOf } from "../src/recipes.js";
import { spawnCommand } from "./built-command.js";
import { runCommand } from "./run-command.js";
import { lastCheckpoint, linesOf, metricsOf, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const [SIDE, DIGITS, STEPS, RUNS] = [28, 256, 2, 2];

/** Made-up digits: strokes on black, so that most pixels lie in the same few bins of their splines. */
function digits(): Uint8Array {
  const rng = makeRng(5);
  const images = new Uint8Array(DIGITS * SIDE * SIDE);
  for (let i = 0; i < DIGITS; i++) {
    let [x, y] = [rng.integer(SIDE), rng.integer(SIDE)];
    for (let k = 0; k < 120; k++) {
      images[(i * SIDE + y) * SIDE + x] = 64 + rng.integer(192);
      x = Math.min(Math.max(x + rng.integer(3) - 1, 0), SIDE - 1);
      y = Math.min(Math.max(y + rng.integer(3) - 1, 0), SIDE - 1);
    }
  }
  return images;
}

/** An executor that compiles a program once: compiling takes most of the time of these runs. */
function compilesOnce(executor: Executor): Executor {
  const programs = new Map<string, ReturnType<Executor["compile"]>>();
  return {
    ...executor,
    async compile(f, specs, options = {}) {
      const key = JSON.stringify([options.name, specs]);
      const program = await (programs.get(key) ??
        programs.set(key, executor.compile(f, specs, options)).get(key)!);
      return { ...program, dispose: async () => {} } as never; // with the result of f
    },
  };
}

const images = digits();

const ofMnist = zooNames.filter((name) => name.startsWith("mnist/"));

describe.each([
  { names: ["mnist/fmlp"], tags: [] },
  { names: ofMnist.filter((name) => name !== "mnist/fmlp"), tags: ["long"] },
])("trained twice with two threads", ({ names, tags }) => {
  it.each(names)("%s: equal bits", { tags, timeout: 600_000 }, async (name) => {
    const native = await nativeExecutor({ threads: 2 });
    const executor = compilesOnce(native);
    const found: string[] = [];
    // initial values are drawn once
    let start: TrainingState | undefined;
    for (let run = 0; run < RUNS; run++) {
      const trainer = await createTrainer({
        flow: flowify(zoo(name)),
        executor,
        data: { examples: images, count: DIGITS },
        steps: STEPS,
        batchSize: Math.max(ratesOf(name).batchSize, 128),
        seed: 7,
        init: "random",
        ...(start && { state: start }),
      });
      start ??= await trainer.state();
      for (let step = 0; step < STEPS; step++) await trainer.step();
      const hash = createHash("sha256");
      const { arrays } = await trainer.state();
      for (const [path, { data }] of Object.entries(arrays)) hash.update(path).update(data as Float32Array);
      found.push(hash.digest("hex"));
      await trainer.dispose();
    }
    expect(found).toEqual(found.map(() => found[0]));
    await native.dispose();
  });
});

it("trains the network of a recipe to the same bits after a kill", {
  tags: ["long"],
  timeout: 600_000,
}, async () => {
  const folder = temporaryFolder();
  const { data, network } = writeSmallData(folder, "recipe");
  const few = ["--data", data, "--network", network, "--batch", "128", "--steps", "4", "--threads", "2"];
  const args = ["train", ...few, "--checkpoint-every", "2", "--pictures", "none", "--quiet", "--out"];
  const [one, killed] = [join(folder, "recipe-whole"), join(folder, "recipe-killed")];
  expect((await runCommand([...args, one])).status).toBe(0);
  const child = spawnCommand([...args, killed]);
  const ended = new Promise((resolve) => child.on("close", resolve));
  while (linesOf(killed) < 3) await setTimeout(5);
  child.kill("SIGKILL");
  await ended;
  expect((await runCommand(["train", "--resume", killed, "--quiet"])).status).toBe(0);
  expect(metricsOf(killed)).toEqual(metricsOf(one));
  expect(lastCheckpoint(killed, 4).equals(lastCheckpoint(one, 4))).toBe(true);
});
