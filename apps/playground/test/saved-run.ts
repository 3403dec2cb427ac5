import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import type { RunFiles } from "../src/run/run-files.js";

/** Clicks a button that gives a zip archive, and unpacks it into a folder. */
export async function unpacked(page: Page, button: string, folder: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(await download.path())))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** Waits until the page computes nothing. */
export const idle = (page: Page, part: string): Promise<unknown> =>
  page.waitForFunction((id) => document.querySelector(`#part-${id} .working`)?.textContent === "", part, {
    timeout: 120_000,
  });

/** The files of a run in a folder, as the page sees them. */
export function filesIn(folder: string): RunFiles {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const isFile = (path: string): boolean => statSync(join(folder, path)).isFile();
  return new Map(
    paths.filter(isFile).map((path) => [basename(path), new Blob([readFileSync(join(folder, path))])]),
  );
}
