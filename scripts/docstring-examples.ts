/**
 * The examples in docstrings: every function and class of core's root and of `@flowify/core/layers` has one, it compiles,
 * runs, and prints what the comment lines at its end say (`…` stands for anything). All run in one process.
 *
 *     node --conditions=@flowify/source --import tsx scripts/docstring-examples.ts [--print]
 *
 * `--print` shows what each prints.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import ts from "typescript";
import { difference, root, scratchFolder, typeErrors } from "./snippets.js";

/** Entries of core whose functions need an example; those of the others are run where they have one. */
const entries = {
  "src/index.ts": true,
  "src/entries/layers.ts": true,
  "src/entries/layer.ts": false,
  "src/entries/testing.ts": false,
};

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
  const core = join(root, "packages/core");
  const files = Object.keys(entries).map((file) => join(core, file));
  const config = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path))
    .config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...config, files, include: [] }, ts.sys, root);
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const [examples, missing]: [Example[], string[]] = [[], []];
  for (const [file, needed] of Object.entries(entries)) {
    const source = program.getSourceFile(join(core, file));
    const module = source && checker.getSymbolAtLocation(source);
    for (const exported of module ? checker.getExportsOfModule(module) : []) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const [declaration] = symbol.declarations ?? [];
      if (!declaration) continue;
      const where = relative(root, declaration.getSourceFile().fileName);
      const found = symbol.getJsDocTags(checker).find(({ name }) => name === "example");
      if (found) examples.push(exampleOf(exported.name, where, ts.displayPartsToString(found.text)));
      else if (needed && isCallable(symbol, checker, declaration))
        missing.push(`${where}: ${exported.name} has no @example`);
    }
  }
  return { examples, missing };
}

/** Functions, and classes but those of errors, whose constructors nobody calls. */
function isCallable(symbol: ts.Symbol, checker: ts.TypeChecker, declaration: ts.Declaration): boolean {
  if (!(symbol.flags & ts.SymbolFlags.Value)) return false;
  if (ts.isClassDeclaration(declaration)) return !declaration.getSourceFile().fileName.endsWith("/errors.ts");
  return checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures().length > 0;
}

/** Runs a module; what it prints. */
async function printedBy(file: string): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (...values: unknown[]) => void lines.push(format(...values));
  try {
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
  }
  return lines.join("\n");
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
  for (const { name, where, file, expected } of written) {
    const output = await printedBy(file).catch((error: unknown) => `threw ${String(error)}`);
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
