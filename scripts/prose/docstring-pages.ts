/** The docstrings of the packages as Markdown with the lines of the sources, for the prose check. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Sources whose docstrings are not checked yet. To check a folder, remove its entry. */
const unchecked = [
  "packages/core/src/layers/",
  "packages/core/src/network/",
  "packages/core/src/entries/",
  "packages/core/src/testing/",
  "packages/core/src/train/",
  "packages/core/src/flowify.ts",
  "packages/core/src/fit.ts",
  "packages/core/src/presets.ts",
  "packages/core/src/index.ts",
  "packages/cli/src/pictures/",
  "packages/cli/src/training/run-training.ts",
  "packages/cli/src/training/loop.ts",
  "packages/cli/src/index.ts",
];

/** The text of a docstring at its lines. A tag begins a list entry, so that no sentence continues into it. */
const proseOf = (docstring: string): string =>
  docstring
    .replace(/^[ \t]*\/\*\* ?/, "")
    .replace(/[ \t]*\*\/$/, "")
    .replaceAll(/^[ \t]*\* ?/gm, "")
    .replaceAll(/^@\w+ ?/gm, "- ");

const lineBreaks = (text: string): string => text.replaceAll(/[^\n]/g, "");

/** The docstrings of a source file as Markdown; all other lines are empty. */
export function docstringsOf(source: string): string {
  let page = "";
  let end = 0;
  for (const { 0: docstring, index } of source.matchAll(/^[ \t]*\/\*\*.*?\*\//gms)) {
    page += lineBreaks(source.slice(end, index)) + proseOf(docstring);
    end = index + docstring.length;
  }
  return page;
}

/** Path and docstrings of each checked source file of the packages. */
export function docstringPages(): ReadonlyMap<string, string> {
  const { stdout } = spawnSync("git", ["ls-files", "--", "packages/*/src/*.ts"], { encoding: "utf8" });
  const paths = stdout
    .split("\n")
    .filter((path) => path !== "" && !unchecked.some((each) => path.startsWith(each)));
  return new Map(paths.map((path) => [path, docstringsOf(readFileSync(path, "utf8"))]));
}
