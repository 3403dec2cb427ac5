import { createTrainer, flowify, jaxExecutor } from "@flowify/core";
import { expect, it } from "vitest";
import type { RunConfig } from "../../src/run-config.js";
import { trainerOptions } from "../../src/settings.js";
import { exampleConfig } from "./example-config.js";

const starting = (training: Partial<RunConfig["training"]>) =>
  trainerOptions({
    ...exampleConfig,
    training: { ...exampleConfig.training, steps: 1, batchSize: 4, ...training },
  });

it("says where a run starts, and that its gradients are never clipped", () => {
  expect(starting({ init: "random", initExamples: 7, clip: null })).toMatchObject({
    init: "random",
    initExamples: 7,
    clip: Number.POSITIVE_INFINITY,
  });
});

it("a run that starts at random has other parameters than one that starts from data", async () => {
  const flow = flowify({ inShape: [2], layers: [{ kind: "actnorm" }, { kind: "linear", out: 2 }] });
  const data = { examples: Float32Array.from({ length: 16 }, (_, i) => 5 + Math.sin(i)), count: 8 };
  const shift = async (init: "data" | "random"): Promise<number[]> => {
    const trainer = await createTrainer({ flow, executor: jaxExecutor(), data, ...starting({ init }) });
    const { arrays } = await trainer.state();
    await trainer.dispose();
    return Object.entries(arrays).flatMap(([name, array]) =>
      name.startsWith("params.0.") ? [...array.data] : [],
    );
  };
  expect(await shift("random")).not.toEqual(await shift("data"));
});
