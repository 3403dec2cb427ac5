import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { spawnCommand } from "./built-command.js";
import { runCommand } from "./run-command.js";
import { lastCheckpoint, metricsOf, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

/** How a network is trained. */
function trainingOf(kind: "dense" | "convolution"): string[] {
  const { data, network } = writeSmallData(join(root, kind), kind);
  const training = ["train", "--data", data, "--network", network, "--batch", "64", "--warmup", "1"];
  return [...training, "--steps", "20", "--checkpoint-every", "5", "--seed", "3", "--pictures", "none"];
}
const options = trainingOf("dense");

const folder = join(root, "long");
const training = trainingOf("convolution");

it("a run whose steps are far too long goes back to its newest checkpoint and takes shorter ones", async () => {
  const { status, stderr } = await runCommand([...training, "--lr", "100", "--out", folder]);
  expect(status).toBe(0);
  expect(stderr).toContain(
    "step 2: linear[4] is not finite; back to step 0, a tenth of the step size until step 102",
  );
  const [returned, ...steps] = metricsOf(folder);
  expect(returned).toEqual({ step: 0, failed: 2, layer: "linear[4]", until: 102 });
  expect(steps.filter(({ split }) => split === undefined).map(({ step }) => step)).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

it("a run that went back has the steps of a tenth, killed or not", { tags: ["long"] }, async () => {
  if (!existsSync(folder)) await runCommand([...training, "--lr", "100", "--out", folder]);
  const tenth = join(root, "tenth");
  expect(await runCommand([...training, "--lr", "10", "--out", tenth])).toMatchObject({ status: 0 });
  expect(metricsOf(tenth).at(-1)).toEqual(metricsOf(folder).at(-1));

  const killed = join(root, "killed");
  const child = spawnCommand([...training, "--lr", "100", "--out", killed]);
  const ended = new Promise((done) => child.on("close", done));
  while (!existsSync(join(killed, "checkpoints/step-000000005.json"))) await setTimeout(2);
  child.kill("SIGKILL");
  await ended;
  expect(await runCommand(["train", "--resume", killed])).toMatchObject({ status: 0 });
  expect(metricsOf(killed)).toEqual(metricsOf(folder));
  expect(lastCheckpoint(killed, 20).equals(lastCheckpoint(folder, 20))).toBe(true);
});

it("a run with --check computes what it computes without", { tags: ["long"] }, async () => {
  const [plain, checked] = [join(root, "plain"), join(root, "checked")];
  expect(await runCommand([...options, "--out", plain])).toMatchObject({ status: 0 });
  expect(await runCommand([...options, "--out", checked, "--check"])).toMatchObject({ status: 0 });
  expect(metricsOf(checked)).toEqual(metricsOf(plain));
});

it("a run that no shorter steps help ends with the step, the layer and what to do", async () => {
  const folder = join(root, "hopeless");
  const { status, stderr } = await runCommand([...options, "--lr", "1e30", "--out", folder]);
  expect(status).toBe(1);
  const [, step] = /error\[NOT_FINITE\]: step (\d+): /.exec(stderr) ?? [];
  const lines = metricsOf(folder);
  // the step that failed is the one after the last of the metrics, and they count alike
  expect(Number(step)).toBe(Number(lines.at(-1)?.step) + 1);
  expect(lines.filter(({ failed }) => failed !== undefined)).toHaveLength(3);
  expect(stderr).toContain("3 returns to earlier states with shorter steps did not help");
  expect(stderr).toContain("the last good checkpoint, of step 0, is kept in");
  expect(stderr).toContain("try again with a step size below --lr 1e+30");
});
