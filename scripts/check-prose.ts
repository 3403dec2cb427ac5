/**
 * Checks the prose of the documents and of the command's help: sentences of at most 30 words, the terms of the
 * glossary (scripts/prose/terms.ts), and spelling (words of ours are in scripts/prose/words.txt). Code, links and
 * formulae are left out; the length of sentences is not looked at in tables. Prints a line for each finding.
 *
 *     node --conditions=@flowify/source --import tsx scripts/check-prose.ts [FILE...]
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { TextlintKernel } from "@textlint/kernel";
import markdown from "@textlint/textlint-plugin-markdown";
import { lint } from "cspell";
import terminology from "textlint-rule-terminology";
import { helpPages } from "./prose/help-pages.js";
import { sentenceLength } from "./prose/sentence-length.js";
import { terms } from "./prose/terms.js";

const documents = ["README.md", "CONTRIBUTING.md", "docs", "packages/*/README.md", "apps/*/README.md"];

/** `file` holds the text of the page called `name`. */
type Page = Readonly<{ name: string; file: string }>;
type Finding = Readonly<{ page: string; line: number; column: number; message: string }>;

/** The tables of this page are messages of the program, quoted. */
const QUOTES = "docs/bad-input.md";

/** What textlint finds on a page. */
async function readByTextlint({ name, file }: Page): Promise<Finding[]> {
  const skip = name === QUOTES ? ["Table"] : [];
  const { messages } = await new TextlintKernel().lintText(readFileSync(file, "utf8"), {
    ext: ".md",
    filePath: file,
    plugins: [{ pluginId: "markdown", plugin: markdown.default }],
    rules: [
      { ruleId: "sentence-length", rule: sentenceLength },
      { ruleId: "terms", rule: terminology, options: { defaultTerms: false, skip, terms } },
    ],
  });
  return messages.map(({ loc, message }) => ({
    page: name,
    ...loc.start,
    message: message.replaceAll(/\s+/g, " "),
  }));
}

/** What cspell finds on the pages. */
async function readByCspell(pages: readonly Page[]): Promise<Finding[]> {
  const found: Finding[] = [];
  const file = pages.map((page) => resolve(page.file));
  const { errors, files } = await lint(
    file,
    { file, config: "scripts/prose/cspell.json", root: "/" },
    {
      issue: ({ uri = "", row, col, text }) => {
        const page = pages.find(({ file }) => pathToFileURL(resolve(file)).href === uri);
        found.push({ page: page?.name ?? uri, line: row, column: col, message: `unknown word: ${text}` });
      },
      error: (message, error) => {
        throw new Error(message, { cause: error });
      },
    },
  );
  if (errors > 0 || files !== pages.length) throw new Error(`cspell read ${files} of ${pages.length} pages`);
  return found;
}

/** The documents of the repository. */
function documentPages(): Page[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...documents];
  const { stdout } = spawnSync("git", args, { encoding: "utf8" });
  const paths = stdout.split("\n").filter((path) => path.endsWith(".md") && existsSync(path));
  if (paths.length === 0) throw new Error("git ls-files lists no documents");
  return paths.map((path) => ({ name: path, file: path }));
}

/** The pages of the help, as files of a folder. */
async function writeHelp(folder: string): Promise<Page[]> {
  return Array.from(await helpPages(), ([command, text]) => {
    const file = join(folder, `${command.replaceAll(" ", "-")}.md`);
    writeFileSync(file, text);
    return { name: `${command} --help`, file };
  });
}

async function main(given: readonly string[], folder: string): Promise<number> {
  const pages =
    given.length > 0
      ? given.map((file) => ({ name: relative(".", file), file }))
      : [...documentPages(), ...(await writeHelp(folder))];
  const findings = (await Promise.all([readByCspell(pages), ...pages.map(readByTextlint)])).flat();
  for (const { name } of pages) {
    const onPage = findings.filter(({ page }) => page === name).sort((a, b) => a.line - b.line);
    for (const { line, column, message } of onPage) console.log(`${name}:${line}:${column} ${message}`);
  }
  console.log(`${pages.length} pages, ${findings.length} problems`);
  return findings.length > 0 ? 1 : 0;
}

mkdirSync("runs", { recursive: true });
const folder = mkdtempSync(join("runs", "prose-"));
try {
  process.exitCode = await main(process.argv.slice(2), folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
