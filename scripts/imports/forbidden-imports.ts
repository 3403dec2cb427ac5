import { isBuiltin } from "node:module";
import { filesIn, type Import, readSource, type Source } from "./read-source.js";
import {
  below,
  browserEntries,
  coreImports,
  coreSources,
  floorOf,
  isForTests,
  isTest,
  lazyPackages,
  measuresInside,
  nodePackages,
  packageOf,
  workspaceOf,
} from "./rules.js";
import { packageNames, resolveRelative } from "./workspaces.js";

/** All that is forbidden in the repository at `root`, sorted: `path:line text`; and how many files were read. */
export function forbiddenImports(root: string): { files: number; violations: string[] } {
  const violations: string[] = [];
  const say = (path: string, line: number, text: string): void =>
    void violations.push(`${path}:${line} ${text}`);
  const names = packageNames(root);

  /** Says so where a room of core imports one above it. */
  function checkFloors(from: string, line: number, name: string, target: string): void {
    const [own, other] = [floorOf(from), floorOf(target)];
    if (own !== undefined && other !== undefined && own >= 0 && other > own)
      say(
        from,
        line,
        `"${name}" stands above ${from.slice(coreSources.length)} in the order of core's rooms`,
      );
  }

  /** Says what is wrong with one import. */
  function check(source: Source, { line, name, typeOnly, dynamic }: Import): void {
    const { path, workspace } = source;
    const own = workspace ?? "the root";
    if (lazyPackages.includes(packageOf(name)) && !typeOnly && !dynamic && !isTest(path))
      say(path, line, `"${name}": load it by import() at the place of use`);
    if (name.startsWith(".")) {
      const target = resolveRelative(root, path, name);
      checkFloors(path, line, name, target);
      const other = workspaceOf(target);
      const testOfBelow =
        isTest(path) && isForTests(target) && (!workspace || !other || !!below[workspace]?.includes(other));
      if (other !== workspace && !testOfBelow && !measuresInside(path)) {
        say(
          path,
          line,
          `"${name}" leaves ${own}: import ${other ? `${other} by its name` : "own files only"}`,
        );
      }
    } else if (names.has(packageOf(name))) {
      const other = names.get(packageOf(name))?.workspace ?? "";
      if (workspace && other !== workspace && !below[workspace]?.includes(other)) {
        say(
          path,
          line,
          `"${name}": ${workspace} must not import ${other} (core, jax-to-onnx ← onnx ← cli ← playground, core ← compress ← cli)`,
        );
      } else if (other === workspace && !isTest(path)) {
        say(path, line, `"${name}" is this package: import the file`);
      }
    } else if (workspace === "packages/core" && !isTest(path) && !path.endsWith(".config.ts")) {
      if (!coreImports.includes(name)) {
        say(path, line, `"${name}": core imports only ${coreImports.join(", ")} and its own files`);
      }
    }
  }

  /** The file behind an import, if it is one of ours. */
  const targetOf = (from: string, name: string): string | undefined =>
    name.startsWith(".") ? resolveRelative(root, from, name) : names.get(name)?.source;

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

  const sources = ["packages", "apps", "bench", "examples", "scripts", "test"]
    .flatMap((folder) => filesIn(root, folder))
    .map((path) => readSource(root, path));
  for (const source of sources) for (const each of source.imports) check(source, each);
  checkBrowsers();
  for (const { path } of sources)
    if (floorOf(path) === -1) say(path, 1, "has no place in the order of core's rooms: add it to `floors`");
  return { files: sources.length, violations: violations.sort() };
}
