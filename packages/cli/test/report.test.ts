import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand } from "./run-command.js";
import { metricsOf, writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root, "convolution");
const options = ["--data", data, "--network", network, "--batch", "64", "--warmup", "1"];

it("writes one page about runs, with their numbers beside it", async () => {
  const [calm, wild] = [join(root, "calm"), join(root, "wild<script>")];
  for (const [folder, lr] of [
    [calm, "0.01"],
    [wild, "100"],
  ] as const)
    expect(
      await runCommand(["train", ...options, "--epochs", "2", "--lr", lr, "--out", folder]),
    ).toMatchObject({ status: 0 });
  const out = join(root, "both");
  expect(await runCommand(["report", calm, wild, "--out", out])).toMatchObject({ status: 0 });

  const page = readFileSync(join(out, "report.html"), "utf8");
  // nothing of it comes from elsewhere or runs, and what is written in a name is text
  expect(page).not.toMatch(/https?:|<script|<link rel="stylesheet"|@import|url\(/);
  expect(page).toContain("wild&lt;script&gt;");
  // a chart of both runs, and two of the ledger for each
  expect(page.match(/<svg role="img" aria-label="/g)).toHaveLength(5);
  expect(page).toContain('aria-label="Ledger of wild&lt;script&gt; over the steps"');
  expect(page).not.toMatch(/ on\w+=| id=/);
  expect(page.match(/<img [^>]*src="data:image\/png;base64,/g)).toHaveLength(6);
  expect(page).toContain(
    "Step 2 was not finite in linear[4]. Training returned to step 0, with a smaller step size until step 102.",
  );

  const { runs } = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
  const last = metricsOf(calm).at(-1)!;
  expect(runs[0].measured[0].points.at(-1)).toEqual({ step: 8, bpd: last.bpd, stdErr: last.stdErr });
  expect(page).toContain(`${Number(last.bpd).toFixed(3)} ± ${Number(last.stdErr).toFixed(3)} (test)`);
  const { layers } = runs[0].ledgers.at(-1);
  const total = Object.values<number>(layers).reduce((sum, bpd) => sum + bpd, 0);
  expect(total).toBeCloseTo(Number(last.bpd), 9);
  expect(runs[0].likelihoods).toMatchObject({ "dequantize[0]": "bound", "linear[4]": "exact" });
  expect(runs[0].training).toHaveLength(8);
  expect(runs[1].returns).toEqual([{ step: 0, failed: 2, layer: "linear[4]", until: 102 }]);

  // a run that was stopped before anything was measured has a report as well
  writeFileSync(join(calm, "metrics.jsonl"), `${JSON.stringify(metricsOf(calm)[0])}\n`);
  expect(await runCommand(["report", calm])).toMatchObject({ status: 0 });
  expect(readFileSync(join(calm, "report.html"), "utf8")).toContain("1 of 8");
});

it("names a folder that holds no run", async () => {
  const { status, stderr } = await runCommand(["report", data]);
  expect(status).toBe(2);
  expect(stderr).toContain(`${data} holds no run`);
});
