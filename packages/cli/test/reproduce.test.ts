import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root);
const folder = join(root, "run");
const options = ["--data", data, "--network", network, "--batch", "64", "--steps", "6", "--pictures", "none"];

it("trains a run again: equal to the last digit; a changed figure, machine or file is named", async () => {
  const trained = await runCommand(["train", ...options, "--out", folder]);
  expect(trained.status).toBe(0);

  const again = await runCommand(["reproduce", folder, "--json"]);
  expect(again.status).toBe(0);
  const document = JSON.parse(again.stdout);
  expect(document).toMatchObject({ equal: true, exact: true, differences: [], environment: [] });
  expect(document.lines).toBeGreaterThanOrEqual(7);

  // as many threads as the run had, unless others are asked for: those are named, and digits beyond theirs do not count
  const config = join(folder, "config.json");
  const text = readFileSync(config, "utf8");
  const { environment } = JSON.parse(text);
  expect(environment.threads).toBe(environment.cores);
  writeFileSync(config, text.replace(/"threads": \d+/, `"threads": ${environment.cores + 1}`));
  const ofThatMany = await runCommand(["reproduce", folder, "--json"]);
  expect(JSON.parse(ofThatMany.stdout)).toMatchObject({ exact: true, environment: [] });
  const withOthers = await runCommand(["reproduce", folder, "--json", "--threads", "1"]);
  expect(JSON.parse(withOthers.stdout)).toMatchObject({
    equal: true,
    exact: false,
    environment: [`threads ${environment.cores + 1}, now 1`],
  });
  writeFileSync(config, text);

  // a figure that is not what was computed
  const metrics = join(folder, "metrics.jsonl");
  const lines = readFileSync(metrics, "utf8").split("\n");
  const record = JSON.parse(lines[2]!);
  writeFileSync(
    metrics,
    lines.with(2, JSON.stringify({ ...record, loss: record.loss * (1 + 1e-9) })).join("\n"),
  );
  const different = await runCommand(["reproduce", folder]);
  expect(different.status).toBe(1);
  expect(different.stdout).toContain("different: 1 figures in");
  expect(different.stdout).toContain(`step 3, loss: ${record.loss * (1 + 1e-9)}, now ${record.loss}`);

  // on another machine that figure is near enough
  writeFileSync(config, text.replace(/"cpu": ".*"/, '"cpu": "another"'));
  const elsewhere = await runCommand(["reproduce", folder]);
  expect(elsewhere.status).toBe(0);
  expect(elsewhere.stderr).toMatch(/cpu another, now /);
  expect(elsewhere.stdout).toContain("equal: ");
  expect(elsewhere.stdout).toContain("within 0.001 relative");

  // a byte of the data
  const images = join(data, "train-images-idx3-ubyte");
  const bytes = readFileSync(images);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(images, bytes);
  const changed = await runCommand(["reproduce", folder]);
  expect(changed.status).toBe(2);
  expect(changed.stderr).toContain("the training images differ from those of the run in");
  expect(changed.stderr).toContain("train-images-idx3-ubyte has changed");
});
