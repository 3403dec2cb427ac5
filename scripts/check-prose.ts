/**
 * Checks the prose of the documents and of the command's help: sentences of at most 30 words, the terms of the
 * glossary (scripts/prose/terms.ts), and spelling (additional words are in scripts/prose/words.txt). Checks the
 * docstrings of the packages for the same terms, and for sentences of at most 40 words. Ignores code, links and
 * formulae, and the length of sentences in tables. Prints a line for each finding.
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
import { docstringPages } from "./prose/docstring-pages.js";
import { helpPages } from "./prose/help-pages.js";
import { sentenceLength } from "./prose/sentence-length.js";
import { terms } from "./prose/terms.js";

const documents = ["README.md", "CONTRIBUTING.md", "docs", "packages/*/README.md", "apps/*/README.md"];

/** `file` holds the text of the page called `name`. Pages of docstrings have the lines of the source, not its columns. */
type Page = Readonly<{ name: string; file: string; isOfDocstrings?: boolean }>;
type Finding = Readonly<{ page: string; line: number; column: number; message: string }>;

/** Most words of a sentence in documents and help, and in docstrings. */
const LONGEST = { page: 30, docstring: 40 };

/** The tables of this page are messages of the program, quoted. */
const QUOTES = "docs/bad-input.md";

/** What textlint finds on a page. */
async function readByTextlint({ name, file, isOfDocstrings }: Page): Promise<Finding[]> {
  const skip = name === QUOTES ? ["Table"] : [];
  const { messages } = await new TextlintKernel().lintText(readFileSync(file, "utf8"), {
    ext: ".md",
    filePath: file,
    plugins: [{ pluginId: "markdown", plugin: markdown.default }],
    rules: [
      { ruleId: "sentence-length", rule: sentenceLength(isOfDocstrings ? LONGEST.docstring : LONGEST.page) },
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

/** Pages as files of a folder. */
const writePages = (pages: ReadonlyMap<string, string>, folder: string, isOfDocstrings = false): Page[] =>
  Array.from(pages, ([name, text]) => {
    const file = join(folder, `${name.replaceAll(/[ /]/g, "-")}.md`);
    writeFileSync(file, text);
    return { name, file, isOfDocstrings };
  });

async function main(given: readonly string[], folder: string): Promise<number> {
  const spelled =
    given.length > 0
      ? given.map((file) => ({ name: relative(".", file), file }))
      : [...documentPages(), ...writePages(await helpPages(), folder)];
  const docstrings = given.length > 0 ? [] : writePages(docstringPages(), folder, true);
  const pages: readonly Page[] = [...spelled, ...docstrings];
  const findings = (await Promise.all([readByCspell(spelled), ...pages.map(readByTextlint)])).flat();
  for (const { name, isOfDocstrings = false } of pages) {
    const onPage = findings.filter(({ page }) => page === name).sort((a, b) => a.line - b.line);
    for (const { line, column, message } of onPage)
      console.log(`${name}:${line}${isOfDocstrings ? "" : `:${column}`} ${message}`);
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
