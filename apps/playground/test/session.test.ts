import { jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { expect, test } from "vitest";
import type { OpenRun } from "../src/run/open-run.js";
import { PlacedRun } from "../src/run/placed-run.js";
import { beginRun, type RunImages, trainFurther } from "../src/run/train-run.js";
import { trainedText } from "../src/ui/trained-note.js";

/** Stripes of a random height with some noise. */
function stripes(count: number, seed: number): Uint8Array {
  const rng = makeRng(seed);
  return Uint8Array.from(
    Array.from({ length: count }, () => {
      const at = Math.floor(4 * rng.uniform());
      return Array.from({ length: 16 }, (_, i) => (i >> 2 === at ? 200 : 20) + 30 * rng.uniform());
    }).flat(),
  );
}
const heldOut = stripes(64, 2);
const images: RunImages = {
  name: "stripes",
  shape: [1, 4, 4],
  train: stripes(96, 1),
  measure: heldOut,
  heldOut,
};
const ends = { tell: () => {}, signal: new AbortController().signal };

/** A run at its start values. */
const begun = (): Promise<OpenRun> =>
  beginRun(
    {
      network: "stripes",
      description: {
        inShape: [1, 4, 4],
        layers: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "actnorm" }, { kind: "rqSpline" }],
      },
      flow: { density: "mixture" },
      batch: 32,
      steps: 40,
      seed: 0,
    },
    jaxExecutor(),
    images,
    ends.tell,
  );
const at = (run: OpenRun, learningRate: number): OpenRun => ({
  ...run,
  config: { ...run.config, training: { ...run.config.training, learningRate, orthogonalRate: learningRate } },
});
async function bpd(run: OpenRun): Promise<number> {
  const placed = await PlacedRun.of(jaxExecutor(), async () => run);
  const { bpd: found } = await placed.ask((model) => model.evaluate(heldOut));
  await placed.dispose();
  return found;
}

test("training that only makes held-out images less likely begins again with smaller rates, and is never kept", async () => {
  const start = await begun();
  const { run, trained } = await trainFurther(at(start, 3), jaxExecutor(), images, 20, ends);
  expect(trained.learningRate).toBeLessThan(3);
  expect(trained.learningRate).toBe(run.config.training.learningRate);
  expect(await bpd(run)).toBeLessThan(await bpd(start));
  expect(run.metrics.at(-1)?.step).toBe(run.state.step);

  const hopeless = at(start, 3000);
  const kept = await trainFurther(hopeless, jaxExecutor(), images, 20, ends);
  expect(kept.trained.best).toBe(0);
  expect(kept.run).toBe(hopeless);
  expect(trainedText(kept.trained)).toContain("the run is unchanged");
  await expect(trainFurther(at(start, 1e9), jaxExecutor(), images, 20, ends)).rejects.toThrow(
    "A smaller learning rate may help",
  );
});

test("training that helps keeps its rate and its last step", async () => {
  const start = await begun();
  const { run, trained } = await trainFurther(start, jaxExecutor(), images, 12, ends);
  expect(trained).toEqual({ taken: 12, best: 12, learningRate: start.config.training.learningRate });
  expect(run.state.step).toBe(12);
  expect(trainedText(trained)).toBe("12 steps were taken, at a learning rate of 0.001.");
});
