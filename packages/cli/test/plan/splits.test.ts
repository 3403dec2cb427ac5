import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { availableCores } from "@flowify/onnx";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readRunConfig } from "../../src/runs/config-file.js";
import { splitsFile, splitsOf } from "../../src/runs/splits.js";
import { runCommand } from "../run-command.js";
import { writeSmallData } from "../small-run.js";
import { temporaryFolder } from "../temporary-folder.js";

afterEach(() => void vi.unstubAllEnvs());

describe("splits of the cores", () => {
  it("are all, half and one of them, for workers in powers of two", () => {
    expect(splitsOf(1)).toEqual([{ workers: 1, threads: 1 }]);
    expect(splitsOf(2).map(({ workers, threads }) => `${workers}/${threads}`)).toEqual(["1/2", "2/2", "1/1"]);
    expect(
      splitsOf(12)
        .map(({ workers, threads }) => `${workers}/${threads}`)
        .join(" "),
    ).toBe("1/12 2/12 4/12 8/12 1/6 2/6 4/6 1/1");
  });

  it("are measured by devices --measure, remembered, and used by train unless others are asked for", async () => {
    const folder = temporaryFolder();
    vi.stubEnv("HOME", folder);
    const { data, network } = writeSmallData(folder);
    const layers = [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 6 }];
    writeFileSync(network, JSON.stringify({ inShape: [1, 8, 8], layers }));
    const ofNetwork = ["--network", network, "--batch", "64"];
    const { status, stdout } = await runCommand(["devices", "--measure", ...ofNetwork, "--json"]);
    expect(status).toBe(0);
    const { cores, measured, best } = JSON.parse(stdout);
    expect(cores).toBe(availableCores());
    expect(measured).toHaveLength(splitsOf(cores).length);
    expect(best.stepMs).toBe(Math.min(...measured.map(({ stepMs }: { stepMs: number }) => stepMs)));

    const [key = ""] = Object.keys(JSON.parse(readFileSync(splitsFile(), "utf8")));
    writeFileSync(splitsFile(), JSON.stringify({ [key]: { workers: 1, threads: 3 } }));
    const train = async (...others: string[]) => {
      const out = join(folder, `run-${others.length}`);
      const short = ["--steps", "1", "--pictures", "none", "--force", "--out", out];
      const ended = await runCommand(["train", "--data", data, ...ofNetwork, ...short, ...others]);
      expect(ended.status).toBe(0);
      return { text: ended.stderr, ...readRunConfig(out).environment };
    };
    const remembered = await train();
    expect(remembered).toMatchObject({ workers: 1, threads: 3 });
    expect(remembered.text).toContain("1 workers, 3 threads, as flowify devices --measure found");
    const asked = await train("--workers", "2", "--threads", "2");
    expect(asked).toMatchObject({ workers: 2, threads: 2 });
  }, 120_000);
});
