/**
 * The examples in docstrings of all packages: every function and class of core's root and of `@flowify/core/layers` has one,
 * each compiles, runs, and prints what the comment lines at its end say (`…` stands for anything). All run in one process, in
 * a folder with the files that they read. An example that no entry of its package leads to is a problem.
 *
 *     node --conditions=@flowify/source --import tsx scripts/docstring-examples.ts [--print]
 *
 * `--print` shows what each prints.
 */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { published } from "./imports/rules.js";
import { entriesIn } from "./imports/workspaces.js";
import { root } from "./processes.js";
import { difference, printedBy, programOf, scratchFolder, typeErrors } from "./snippets.js";

/** Entries whose functions need an example; those of the others are run where they have one. */
const complete: readonly string[] = ["@flowify/core", "@flowify/core/layers"];

type Example = Readonly<{ name: string; where: string; code: string; expected: string }>;

/** The code of an example, and the comment lines at its end: what it prints. */
function exampleOf(name: string, where: string, comment: string): Example {
  const fence = /```ts\n([\s\S]*?)```/.exec(comment);
  if (!fence) throw new Error(`${where}: the example of ${name} is not fenced by \`\`\`ts`);
  const lines = (fence[1] ?? "").trimEnd().split("\n");
  const end = lines.findLastIndex((line) => !line.startsWith("// "));
  const expected = lines.slice(end + 1).map((line) => line.slice(3));
  return { name, where, code: lines.slice(0, end + 1).join("\n"), expected: expected.join("\n") };
}

/** Every example of the entries, and what lacks one. */
function examplesOf(): { examples: Example[]; missing: string[] } {
  const entries = published.flatMap((folder) => entriesIn(root, folder));
  const program = programOf(entries.map(({ source }) => join(root, source)));
  const checker = program.getTypeChecker();
  const [examples, missing]: [Example[], string[]] = [[], []];
  const seen = new Set<ts.Symbol>();
  for (const { name, source: file } of entries) {
    const source = program.getSourceFile(join(root, file));
    const module = source && checker.getSymbolAtLocation(source);
    for (const exported of module ? checker.getExportsOfModule(module) : []) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const [declaration] = symbol.declarations ?? [];
      if (!declaration || seen.has(symbol)) continue;
      seen.add(symbol);
      const where = relative(root, declaration.getSourceFile().fileName);
      const found = symbol.getJsDocTags(checker).find(({ name }) => name === "example");
      if (found) examples.push(exampleOf(exported.name, where, ts.displayPartsToString(found.text)));
      else if (complete.includes(name) && isCallable(symbol, checker, declaration))
        missing.push(`${where}: ${exported.name} has no @example`);
    }
  }
  const sources = published.flatMap((folder) => ts.sys.readDirectory(join(root, folder, "src"), [".ts"]));
  const written = sources.flatMap((path) => readFileSync(path, "utf8").match(/^\s*\* @example$/gm) ?? []);
  if (written.length > examples.length)
    missing.push(
      `${written.length} examples in docstrings, ${examples.length} of them of what an entry exports`,
    );
  return { examples, missing };
}

/** The files that examples read: a table, a network. */
function writeFiles(folder: string): void {
  const rows = Array.from(
    { length: 200 },
    (_, i) => `P${i},${40 + (i % 17)},${(Math.sin(i) + 3).toFixed(3)}`,
  );
  writeFileSync(join(folder, "known.csv"), `parcel,length,weight\n${rows.join("\n")}\n`);
  copyFileSync(join(root, "apps/playground/public/classifier.onnx"), join(folder, "classifier.onnx"));
}

/** Functions, and classes but those of errors, whose constructors nobody calls. */
function isCallable(symbol: ts.Symbol, checker: ts.TypeChecker, declaration: ts.Declaration): boolean {
  if (!(symbol.flags & ts.SymbolFlags.Value)) return false;
  if (ts.isClassDeclaration(declaration)) return !declaration.getSourceFile().fileName.endsWith("/errors.ts");
  return checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures().length > 0;
}

async function main(scratch: string): Promise<number> {
  const { examples, missing } = examplesOf();
  const written = examples.map((example, i) => {
    const file = join(scratch, `${example.name}-${i}.ts`);
    writeFileSync(file, `${example.code}\nexport {};\n`);
    return { ...example, file };
  });
  const inside = written.filter(({ code }) => /from "@?[\w-]+(\/[\w-]+)*\/internal"/.test(code));
  const problems = [
    ...missing,
    ...inside.map(({ name, where }) => `${where}: the example of ${name} imports what users cannot rely on`),
    ...typeErrors(written.map(({ file }) => file)),
  ];
  writeFiles(scratch);
  for (const { name, where, file, expected } of written) {
    const output = await printedBy(file, scratch).catch((error: unknown) => `threw ${String(error)}`);
    if (process.argv.includes("--print")) console.log(JSON.stringify({ name, output }));
    const wrong = difference(expected, output);
    if (wrong) problems.push(`${where}: the example of ${name} prints something else\n${wrong}`);
  }
  for (const problem of problems) console.log(problem);
  console.log(`${examples.length} examples, ${problems.length} problems`);
  return problems.length > 0 ? 1 : 0;
}

const scratch = scratchFolder("examples");
try {
  process.exitCode = await main(scratch);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
