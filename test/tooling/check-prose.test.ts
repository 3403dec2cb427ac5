import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { docstringsOf } from "../../scripts/prose/docstring-pages.js";

/** What the check says of documents of these lines, by their names. */
function check(pages: Readonly<Record<string, readonly string[]>>): {
  status: number | null;
  output: string;
} {
  const folder = mkdtempSync(join(tmpdir(), "flowify-prose-"));
  try {
    const documents = Object.entries(pages).map(([name, lines]) => {
      writeFileSync(join(folder, name), lines.join("\n"));
      return join(folder, name);
    });
    const args = ["--conditions=@flowify/source", "--import", "tsx", "scripts/check-prose.ts", ...documents];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const words = (count: number): string => Array(count).fill("word").join(" ");

/** What must be found, with its lines. */
const wrong = [
  "# Page",
  "",
  `A short one. The ${words(20)}`,
  `${words(19)}.`,
  "",
  "- Every row is an item.",
  "",
  "| table | of words |",
  "| --- | --- |",
  "| what a mean mode is | recieved |",
  "",
  "Then the mean",
  "mode begins.",
];

/** Code, links, formulae and the words of tables are no sentences. */
const right = [
  `Call \`${words(40)} item\` and read [the guide](docs/item/recieved.md).`,
  `${words(10)} a = b + c − d · ${words(10)}.`,
  "",
  "    z = mispeled item",
  "",
  "```ts",
  `const item = "mispeled ${words(40)}";`,
  "```",
  "",
  "| table |",
  "| --- |",
  `| ${words(40)} |`,
];

test("a long sentence, a word of the glossary and a misspelling are found, each with its line; code, links, formulae and tables are passed over", () => {
  const { status, output } = check({ "page.md": wrong, "right.md": right });
  expect(output).toMatch(/page\.md:3:14 a sentence of 40 words, expected at most 30/);
  expect(output).toMatch(/page\.md:6:19 Incorrect term: “item”, use “example” instead/);
  expect(output).toMatch(/page\.md:10:10 Incorrect term: “mean mode”, use “deterministic mode” instead/);
  expect(output).toMatch(/page\.md:10:25 unknown word: recieved/);
  expect(output).toMatch(/page\.md:12:10 Incorrect term: “mean mode”, use “deterministic mode” instead/);
  expect(output).not.toContain("right.md");
  expect(output).toMatch(/\n2 pages, 5 problems\n$/);
  expect(status).toBe(1);
});

test("docstrings keep the lines of their source, and a tag begins a sentence", () => {
  const source = [
    'const glob = "packages/**/src";',
    "/** One line. */",
    "const a = 1; // no docstring",
    "  /**",
    "   * Two lines",
    "   * of prose",
    "   * @throws UsageError",
    "   */",
    "export const b = 2;",
  ].join("\n");
  expect(docstringsOf(source).split("\n")).toEqual([
    "",
    "One line.",
    "",
    "",
    "Two lines",
    "of prose",
    "- UsageError",
    "",
  ]);
});
