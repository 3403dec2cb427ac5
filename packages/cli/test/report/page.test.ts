import { expect, it } from "vitest";
import { table } from "../../src/pictures/page-frame.js";
import { encodePng } from "../../src/pictures/png.js";
import { BOUND, SERIES, TRAINING } from "../../src/pictures/theme.js";
import { reportPage } from "../../src/report/page.js";
import type { RunSummary } from "../../src/report/run-summary.js";
import { marks } from "../pictures/svg.js";

const points = [0, 10, 20].map((step) => ({ step, value: 5 - step / 10, stdErr: 0.1 }));
const config = {
  network: "auto",
  device: "jax",
  training: { steps: 20, batch: 8, seed: 0 },
  data: { name: "rows", shape: [3], examples: 90 },
};
const run = (name: string, png: Uint8Array): RunSummary => ({
  name,
  folder: name,
  config: config as unknown as RunSummary["config"],
  likelihoods: {},
  training: points,
  measured: ["validation", "test"].map((split) => ({ split, points })),
  ledgers: [],
  returns: [],
  seconds: 1,
  pictures: [{ title: "Samples", png }],
});
const png = encodePng({ width: 1500, height: 8, pixels: new Uint8Array(3 * 1500 * 8) });

it("shows charts that are drawn at twice their size at half of it, and never wider than the page", async () => {
  const html = await reportPage([run("a", png)]);
  expect(html).toContain('<img width="750"');
  expect(html).toMatch(/img \{ max-width: 100%; height: auto;/);
  expect(html).not.toContain("zoom");
});

it("ends columns of numbers at the right, their heads too", () => {
  const html = table(
    ["layer", "nats", "kind"],
    [
      ["a", "+1.5", "exact"],
      ["b", "-10.25 ± 0.1", ""],
      ["c", "", "2"],
    ],
  );
  const right = [...html.matchAll(/<t([hd]) class="number">([^<]*)/g)].map(([, , cell]) => cell);
  expect(right).toEqual(["nats", "+1.5", "-10.25 ± 0.1", ""]);
});

it("has a colour for each curve of a run, and of several runs a colour for each run with dashes for the split", async () => {
  const alone = marks(await reportPage([run("a", png)]), "line").map(({ color }) => color);
  expect(alone.sort()).toEqual([TRAINING, BOUND, SERIES[0]].sort());
  const html = await reportPage([run("a", png), run("b", png)]);
  const both = marks(html, "line").map(({ color }) => color);
  expect(new Set(both)).toEqual(new Set([SERIES[0], SERIES[1], `${SERIES[0]}90`, `${SERIES[1]}90`]));
  expect(html.match(/stroke-dasharray="6,4"/g)?.length).toBeGreaterThanOrEqual(2);
});
