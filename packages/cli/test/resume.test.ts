import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { runCommand, spawnCommand } from "./run-command.js";
import { lastCheckpoint, metricsOf, writeSmallData } from "./small-run.js";
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

describe("a run that is stopped by Ctrl-C and resumed", () => {
  it("is as if never stopped: metrics, checkpoints, pictures", async () => {
    const [whole, stopped] = [join(root, "whole"), join(root, "stopped")];
    expect(await runCommand(["train", ...options, "--out", whole, "--quiet"])).toMatchObject({ status: 0 });

    const child = spawnCommand(["train", ...options, "--out", stopped, "--quiet"]);
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const lines = () => {
      try {
        return readFileSync(join(stopped, "metrics.jsonl"), "utf8").split("\n").length - 1;
      } catch {
        return 0;
      }
    };
    while (lines() < 1) await setTimeout(5);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(metricsOf(stopped).length).toBeLessThan(STEPS);
    // As a kill in the middle of the last line would have left it.
    truncateSync(join(stopped, "metrics.jsonl"), readFileSync(join(stopped, "metrics.jsonl")).length - 5);

    expect((await runCommand(["train", "--resume", stopped, "--quiet"])).status).toBe(0);
    expect(metricsOf(stopped)).toEqual(metricsOf(whole));
    expect(lastCheckpoint(stopped, STEPS).equals(lastCheckpoint(whole, STEPS))).toBe(true);
    expect(pictures(stopped)).toEqual(pictures(whole));
  }, 120_000);

  it("draws and measures once more where it had come to its end", async () => {
    const whole = join(root, "whole");
    const before = pictures(whole);
    const lines = metricsOf(whole);
    const { status, stdout } = await runCommand(["train", "--resume", whole]);
    expect(status).toBe(0);
    expect(stdout).toContain("bits per dimension on 40 test images");
    expect(metricsOf(whole)).toEqual(lines);
    expect(pictures(whole)).toEqual(before);
  }, 60_000);
});
