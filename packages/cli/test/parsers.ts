import type { Flow } from "@flowify/core";
import { flowOf, networkNamed } from "../src/networks/choose.js";
import { reportPage } from "../src/report/page.js";
import { summarizeRun } from "../src/report/run-summary.js";
import { readRunConfig } from "../src/runs/config-file.js";

/** What the command makes of files that a user may have written or damaged. */
export const parsers = {
  network: (path: string): Flow => flowOf(networkNamed(path), {}),
  config: (folder: string) => readRunConfig(folder),
  report: (folder: string) => reportPage([summarizeRun(folder)]),
};
