/** What the checks of snippets share: where these lie, how they are type-checked, how output is compared. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import ts from "typescript";
import { root } from "./processes.js";

/** A new folder below the repository, so that packages and npx are found; ignored by git. */
export function scratchFolder(name: string): string {
  mkdirSync(join(root, "runs"), { recursive: true });
  return mkdtempSync(join(root, "runs", `${name}-`));
}

/** The lines of a text, without blanks at their ends. */
const tidy = (text: string): string[] => text.trimEnd().split(/[^\S\n]*\n/);

/** The first line of the output that is not as written, or undefined. */
export function difference(expected: string, output: string): string | undefined {
  const [want, got] = [tidy(expected), tidy(output)];
  for (let i = 0; i < Math.max(want.length, got.length); i++) {
    const parts = want[i]?.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    if (parts && got[i] !== undefined && new RegExp(`^${parts.join(".*")}$`).test(got[i] ?? "")) continue;
    return `  expected: ${want[i] ?? "(nothing more)"}\n  printed:  ${got[i] ?? "(nothing more)"}`;
  }
  return undefined;
}

/** Files as TypeScript reads them with the settings of the repository. */
export function programOf(files: readonly string[]): ts.Program {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path))
    .config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...config, files, include: [] }, ts.sys, root);
  return ts.createProgram(files, options);
}

/** Where TypeScript disagrees with the snippets. What it says of the sources is the business of `npm test -- types`. */
export function typeErrors(files: readonly string[]): string[] {
  if (files.length === 0) return [];
  const program = programOf(files);
  const host = { getCurrentDirectory: () => root, getCanonicalFileName: String, getNewLine: () => "\n" };
  return files
    .flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))
    .map((diagnostic) => ts.formatDiagnostic(diagnostic, host));
}

/** Runs a module in this process, which starts once for all, in this working folder; what it prints. */
export async function printedBy(file: string, folder: string): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (...values: unknown[]) => void lines.push(format(...values));
  process.chdir(folder);
  try {
    await import(pathToFileURL(file).href);
  } finally {
    process.chdir(root);
    console.log = log;
  }
  return lines.join("\n");
}
