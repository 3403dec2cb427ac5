/**
 * Runs the snippets of README.md and docs, so that copied snippets work. A fence that opens with
 * "```ts run" or "```sh run" is executed, with "long" behind it only where its document is named; a "```text" block right after it is the expected output, where `…` matches
 * any text. The snippets of one document run in order in one folder, from the sources, with `flowify` on the path,
 * which is open in this process; those in TypeScript are type-checked as well.
 *
 *     node --conditions=@flowify/source --import tsx scripts/readme-snippets.ts [FILE...]
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { type Ended, root, runToEnd } from "./processes.js";
import { residentFlowify } from "./resident.js";
import { difference, printedBy, scratchFolder, typeErrors } from "./snippets.js";

/** `line` is that of the opening fence, counted from 1; `folder` is the working folder of the document's snippets. */
type Snippet = Readonly<{
  document: string;
  line: number;
  language: "ts" | "sh";
  code: string;
  expected: string | undefined;
  folder: string;
}>;

const scratch = scratchFolder("snippets");
const flowify = await residentFlowify();
// beside all other tests on two cores a snippet takes up to four times as long as alone (30 s the longest)
const timeLimitMs = process.argv.length > 2 ? 1_200_000 : 300_000;

function snippetsOf(document: string, long: boolean): Snippet[] {
  const lines = readFileSync(document, "utf8").split(/\r?\n/);
  const blocks: { info: string; start: number; end: number }[] = [];
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(`{3,})(.*)$/.exec(lines[i] ?? "");
    if (!fence) continue;
    const end = lines.findIndex((line, at) => at > i && line.trimEnd() === fence[1]);
    if (end < 0) throw new Error(`${document}:${i + 1} this fence is never closed`);
    blocks.push({ info: (fence[2] ?? "").trim(), start: i, end });
    i = end;
  }
  const textOf = ({ start, end }: { start: number; end: number }): string =>
    lines.slice(start + 1, end).join("\n");
  return blocks.flatMap((block, at) => {
    const language = (long ? /^(ts|sh) run( long)?$/ : /^(ts|sh) run$/).exec(block.info)?.[1] as
      | "ts"
      | "sh"
      | undefined;
    if (!language) return [];
    const next = blocks[at + 1];
    const follows =
      next?.info === "text" &&
      lines
        .slice(block.end + 1, next.start)
        .join("")
        .trim() === "";
    return {
      document: relative(root, resolve(document)),
      line: block.start + 1,
      language,
      code: textOf(block),
      expected: follows ? textOf(next) : undefined,
      folder: join(scratch, relative(root, resolve(document)).replaceAll(/[^\w.]+/g, "-")),
    };
  });
}

/** The file of a snippet. Blank lines before the code give every message the line of the document. */
function write(snippet: Snippet): string {
  const file = join(snippet.folder, `${basename(snippet.document)}-${snippet.line}.${snippet.language}`);
  mkdirSync(snippet.folder, { recursive: true });
  writeFileSync(file, `${"\n".repeat(snippet.line)}${snippet.code}\n`);
  return file;
}

/** Runs a file in this process, or in a shell that has `flowify` on its path. */
async function execute(
  { language, folder: cwd }: Snippet,
  file: string,
): Promise<Pick<Ended, "status" | "output" | "said">> {
  if (language === "sh")
    return runToEnd(["bash", "-euo", "pipefail", file], { cwd, env: flowify.env, timeout: timeLimitMs });
  return printedBy(file, cwd).then(
    (output) => ({ status: 0, output, said: "" }),
    (error: unknown) => ({ status: 1, output: "", said: (error as Error).stack ?? String(error) }),
  );
}

function markdownIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => join(folder, name));
}

async function main(given: readonly string[]): Promise<number> {
  const documents = given.length > 0 ? given : [join(root, "README.md"), ...markdownIn(join(root, "docs"))];
  const snippets = documents.flatMap((document) => snippetsOf(document, given.length > 0));
  if (snippets.length === 0)
    throw new Error(`${documents[0]}: no fence opens with "\`\`\`ts run" or "\`\`\`sh run"`);
  const written = snippets.map((snippet) => ({ snippet, file: write(snippet) }));
  // A file below runs/ is README.md-12.ts:14; the message must name README.md:14.
  const named = (text: string): string =>
    written.reduce((result, { snippet, file }) => {
      const short = result.replaceAll(`file://${file}`, snippet.document).replaceAll(file, snippet.document);
      return short.replaceAll(relative(root, file), snippet.document);
    }, text);

  const modules = written.map(({ file }) => file).filter((file) => file.endsWith(".ts"));
  const problems = typeErrors(modules).map(named);
  for (const { snippet, file } of written) {
    const { status, output, said } = await execute(snippet, file);
    const where = `${snippet.document}:${snippet.line}`;
    if (status !== 0)
      problems.push(
        `${where} ends with ${status ?? `no status within ${timeLimitMs / 1000} s`}\n${named(said || output)}`,
      );
    const wrong =
      status === 0 && snippet.expected !== undefined ? difference(snippet.expected, output) : undefined;
    if (wrong) problems.push(`${where} prints something else\n${wrong}`);
  }
  for (const problem of problems) console.log(problem.trimEnd());
  console.log(`${snippets.length} snippets, ${problems.length} problems`);
  return problems.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  flowify.close();
  rmSync(scratch, { recursive: true, force: true });
}
