import { readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { spawnCommand } from "./built-command.js";
import { runCommand } from "./run-command.js";
import { lastCheckpoint, linesOf, metricsOf, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root);
const STEPS = 30;
const training = ["--data", data, "--network", network, "--batch", "64", "--steps", String(STEPS)];
const often = ["--checkpoint-every", "10", "--evaluate-every", "4"];
const options = [...training, ...often, "--validation", "56", "--flip", "--seed", "3"];

/** Everything that a run has drawn, by path. */
const pictures = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".png"))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name)).toString("base64")]),
  );

const whole = join(root, "whole");
beforeAll(async () => {
  const { status, stderr } = await runCommand(["train", ...options, "--out", whole, "--quiet"]);
  if (status !== 0) throw new Error(stderr);
});

describe("a run that is stopped and resumed", () => {
  const ends: readonly [string, NodeJS.Signals[], number, string[]][] = [
    ["Ctrl-C", ["SIGINT"], 130, []],
    ["Ctrl-C twice", ["SIGINT", "SIGINT"], 130, ["long"]],
    ["a request to end", ["SIGTERM"], 143, ["long"]],
  ];
  for (const [name, signals, status, tags] of ends)
    it(`by ${name}, is as if never stopped: metrics, checkpoints, pictures`, {
      tags,
      timeout: 120_000,
    }, async () => {
      const stopped = join(root, `stopped-${signals.join("-")}`);
      const child = spawnCommand(["train", ...options, "--out", stopped, "--quiet"]);
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      while (linesOf(stopped) < 1) await setTimeout(5);
      for (const signal of signals) child.kill(signal);
      expect(await ended).toBe(status);
      expect(metricsOf(stopped).length).toBeLessThan(STEPS);
      expect(readdirSync(stopped)).not.toContain("run.lock");
      // the second signal ends a run at once, without samples
      expect(signals.length > 1 || readdirSync(stopped).includes("samples.png")).toBe(true);
      // As a kill in the middle of the last line would have left it.
      truncateSync(join(stopped, "metrics.jsonl"), readFileSync(join(stopped, "metrics.jsonl")).length - 5);

      expect((await runCommand(["train", "--resume", stopped, "--quiet"])).status).toBe(0);
      expect(metricsOf(stopped)).toEqual(metricsOf(whole));
      expect(lastCheckpoint(stopped, STEPS).equals(lastCheckpoint(whole, STEPS))).toBe(true);
      expect(pictures(stopped)).toEqual(pictures(whole));
    });

  it("shows samples long before its end, in one file that it names", async () => {
    const out = join(root, "looks");
    const { status, stderr } = await runCommand([
      "train",
      "--data",
      data,
      "--network",
      network,
      "--batch",
      "64",
      "--steps",
      "52",
      "--seed",
      "3",
      "--evaluate-every",
      "100",
      "--out",
      out,
    ]);
    expect(status).toBe(0);
    const sheet = join(out, "samples.png");
    expect(stderr).toContain(`samples of this moment, again and again: ${sheet}`);
    expect(stderr.indexOf(sheet)).toBeLessThan(stderr.indexOf("52/52"));
  });

  it("measures as many test images as --test says, evenly spaced, and those again", async () => {
    const out = join(root, "some");
    const run = ["--data", data, "--network", network, "--batch", "64", "--steps", "2", "--pictures", "none"];
    const { status, stdout } = await runCommand(["train", ...run, "--test", "10", "--out", out]);
    expect(status).toBe(0);
    const measured = "10 test images of images (drawn from 40)";
    expect(stdout).toContain(measured);
    const [figure] = stdout.match(/[\d.]+ ± [\d.]+ bits per dimension/) ?? [];
    const again = await runCommand(["train", "--resume", out]);
    expect(again.stdout).toContain(`${figure} on ${measured}`);
    expect((await runCommand(["evaluate", out])).stdout).toContain("on 40 test images");
    const refused = await runCommand(["train", ...run, "--test", "41", "--out", join(root, "more")]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("--test 41: images has only 40 test images");
  });

  it("draws and measures once more where it had come to its end", async () => {
    const before = pictures(whole);
    const lines = metricsOf(whole);
    const { status, stdout } = await runCommand(["train", "--resume", whole]);
    expect(status).toBe(0);
    expect(stdout).toContain("bits per dimension on 40 test images");
    expect(metricsOf(whole)).toEqual(lines);
    expect(pictures(whole)).toEqual(before);
  });

  it("ends early where the held-out images become no likelier, says why, and goes on to the same end", async () => {
    const out = join(root, "early");
    const steps = ["--batch", "64", "--steps", "400", "--lr", "0.5", "--validation", "56", "--patience", "2"];
    const run = ["--data", data, "--network", network, ...steps, "--checkpoint-every", "7", "--out", out];
    const { status, stdout } = await runCommand(["train", ...run, "--pictures", "none"]);
    expect(status).toBe(0);
    const [, best, end] = /has not risen since step (\d+); stopped at step (\d+) of 400/.exec(stdout) ?? [];
    expect(Number(end)).toBe(Number(best) + 40);
    const [lines, last] = [metricsOf(out), lastCheckpoint(out, Number(end))];

    for (const name of readdirSync(join(out, "checkpoints")))
      if (name.includes(`${end}.`)) rmSync(join(out, "checkpoints", name));
    // from the checkpoint before, then from the end
    for (let times = 0; times < 2; times++) {
      const again = await runCommand(["train", "--resume", out]);
      expect(again.stdout).toContain(`stopped at step ${end} of 400`);
      expect(metricsOf(out)).toEqual(lines);
      expect(lastCheckpoint(out, Number(end)).equals(last)).toBe(true);
    }
  });
});
