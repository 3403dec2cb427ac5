import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { flagsOf } from "../../src/app.js";
import { flagsNamed, hintsFor } from "../../src/ui/hints.js";
import { npyBytes, ramp } from "../data/npy-files.js";
import { runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";

const packages = fileURLToPath(new URL("../../../", import.meta.url));
/** The names by which packages are imported, and the sources behind them. */
const entries: Readonly<Record<string, string>> = Object.fromEntries(
  ["core", "onnx"].flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8")) as {
      name: string;
      exports: Record<string, { "@flowify/source": string }>;
    };
    return Object.entries(manifest.exports).map(([entry, { "@flowify/source": source }]) => [
      join(manifest.name, entry),
      join(folder, source),
    ]);
  }),
);

/** Commands and the module of each that is loaded when it is called. */
const commands = [
  "baseline",
  "convert",
  "data get",
  "data list",
  "decode",
  "devices",
  "evaluate",
  "explain",
  "export",
  "inspect",
  "ood",
  "reconstruct",
  "report",
  "reproduce",
  "sample",
  "score",
  "train",
].map((name) => {
  const file = { "data get": "data-get", "data list": "data-list" }[name] ?? name;
  return { name, action: `cli/src/actions/${file}.ts` };
});

type Module = Readonly<{ texts: readonly string[]; imports: readonly string[] }>;
const modules = new Map<string, Module>();

/** What stands in such a place is printed as a hint: the house calls it so. */
const isRemedy = ({ parent }: ts.Node): boolean =>
  (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isParameter(parent)
    ? /remedy$/i.test(parent.name.getText())
    : ts.isConditionalExpression(parent) && isRemedy(parent)) ||
  (ts.isPropertyAssignment(parent) && parent.parent.parent.getText().startsWith("systemHints"));

/** A text as it is written; X for what is put in. */
const textOf = (node: ts.Node): string | undefined =>
  ts.isStringLiteralLike(node)
    ? node.text
    : ts.isTemplateExpression(node)
      ? [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join("X")
      : undefined;

/** The texts of a source that name flags, those that are hints behind an empty line, and the sources that it imports. */
function moduleOf(path: string): Module {
  const known = modules.get(path);
  if (known) return known;
  const code = readFileSync(join(packages, path), "utf8");
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.ESNext, true);
  const texts: string[] = [];
  const imports: string[] = [];
  const visit = (node: ts.Node): void => {
    const text = textOf(node);
    const imported =
      (ts.isImportDeclaration(node) && node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword) ||
      ts.isExportDeclaration(node);
    if (imported && node.moduleSpecifier) imports.push((node.moduleSpecifier as ts.StringLiteral).text);
    else if (text !== undefined && !text.startsWith("var(--") && flagsNamed(text).length > 0)
      texts.push(isRemedy(node) ? `\n${text}` : text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const resolved = imports
    .map((name) =>
      name.startsWith(".")
        ? resolve("/", dirname(path), name).slice(1).replace(/\.js$/, ".ts")
        : (entries[name] ?? ""),
    )
    .filter((file) => file !== "" && existsSync(join(packages, file)));
  const module = { texts, imports: resolved };
  modules.set(path, module);
  return module;
}

/** Texts that name flags, by their source, in all that a command loads but the declarations of flags. */
function textsOf(action: string): [path: string, text: string][] {
  const loaded = [action];
  for (const path of loaded)
    for (const next of moduleOf(path).imports) if (!loaded.includes(next)) loaded.push(next);
  return loaded
    .filter((path) => !path.startsWith("cli/src/commands/"))
    .flatMap((path) => moduleOf(path).texts.map((text): [string, string] => [path, text]));
}

/** A message about a flag begins with it, and appears only where the flag was used. */
const isAboutOwnFlag = (text: string): boolean => /^(--|X cannot be changed with --resume)/.test(text);

describe("a command names no flag that it has not", () => {
  it.each(commands)("$name: in what it says", ({ name, action }) => {
    const has = flagsOf(name.split(" "));
    const foreign = textsOf(action).flatMap(([path, text]) => {
      const [message = "", ...hints] = text.split("\n");
      return [...(isAboutOwnFlag(message) ? [] : [message]), ...hintsFor(hints, has)]
        .filter((line) => !flagsNamed(line).every(has))
        .map((line) => `${path}: ${line}`);
    });
    expect(foreign).toEqual([]);
  });

  it.each(commands)("$name: in its help", async ({ name }) => {
    const has = flagsOf(name.split(" "));
    const { stdout } = await runCommand([...name.split(" "), "--help"]);
    const [description = ""] = stdout.split("\nFLAGS\n");
    const foreign = description
      .split(/[.;]\s|\n\n|\n {2}/)
      .flatMap((sentence) => flagsNamed(sentence.replaceAll("\n", " ")))
      .filter((flag) => !has(flag));
    expect(foreign).toEqual([]);
  });

  it("finds the texts at all", () => {
    const [data] = textsOf("cli/src/actions/ood.ts").filter(([, text]) =>
      text.includes("flowify data get kmnist"),
    );
    expect(data).toEqual(["cli/src/data/registry.ts", expect.stringMatching(/^\n.*--data-dir/)]);
  });
});

describe("hints of an error", () => {
  const has = (flag: string): boolean => ["size", "grey"].includes(flag);

  it("keep the alternatives that the command has", () => {
    expect(
      hintsFor(["repair it, or leave it out by --skip-corrupt", "or --size 8x8, or --no-grey"], has),
    ).toEqual(["repair it", "or --size 8x8, or --no-grey"]);
    expect(hintsFor(["choose another --out", "go on"], has)).toEqual(["go on"]);
    expect(hintsFor(["flowify train --from DIR makes one, or --from"], has)).toEqual([
      "flowify train --from DIR makes one",
    ]);
  });

  it("are those of the command that was called", async () => {
    const folder = temporaryFolder();
    const rows = join(folder, "rows.npy");
    writeFileSync(rows, npyBytes([4, 12], ramp(48)));
    const network = join(folder, "net.json");
    writeFileSync(network, JSON.stringify({ inShape: [12], layers: [{ kind: "linear", out: 2 }] }));
    const converted = await runCommand(["convert", network, "--data", rows, "--out", join(folder, "out")]);
    expect(converted.stderr).toContain("hint: name images\n");
    const images = join(folder, "images.npy");
    writeFileSync(images, npyBytes([4, 3, 4], ramp(48)));
    const flags = ["--data", images, "--network", network, "--out", join(folder, "run")];
    const trained = await runCommand(["train", ...flags]);
    expect(trained.stderr).toContain("build a network for them with --network auto\n");
  });
});
