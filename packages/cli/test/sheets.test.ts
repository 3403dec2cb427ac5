import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root, "convolution");
const run = join(root, "run");

beforeAll(async () => {
  const flags = ["--steps", "5", "--batch", "32", "--pictures", "none", "--quiet"];
  await runCommand(["train", "--data", data, "--network", network, "--out", run, ...flags]);
});

describe("flowify sample --sheet", () => {
  it("inpainting: a picture of its own", { tags: ["long"] }, async () => {
    const sheet = ["--sheet", "inpainting", "--columns", "5"];
    const { status, stdout } = await runCommand(["sample", run, ...sheet, "--json"]);
    expect(status).toBe(0);
    const { file } = JSON.parse(stdout) as { file: string };
    expect(file).toBe(join(run, "inpainting.png"));
    expect(existsSync(file)).toBe(true);
  });

  it("names an unknown sheet", async () => {
    await expectRefusal(["sample", run, "--sheet", "inpaint"], 2, "expected inpainting");
  });
});
