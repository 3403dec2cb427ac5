import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { below } from "./rules.js";

/** What is read of package.json in a folder; empty where there is none. */
type Manifest = Readonly<{
  name?: string;
  exports?: Record<string, { "@flowify/source"?: string | Readonly<{ types: string; default: string }> }>;
}>;

function readManifest(root: string, folder: string): Manifest {
  const file = join(root, folder, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : {};
}

/** An entry of a package by the name that it is imported by, and its source. */
export type Entry = Readonly<{ name: string; source: string }>;

/** The entries that package.json of a folder lists, with the source behind each. */
export function entriesIn(root: string, folder: string): Entry[] {
  const { name = "", exports = {} } = readManifest(root, folder);
  return Object.entries(exports).flatMap(([entry, { "@flowify/source": own }]) => {
    const source = typeof own === "object" ? own.default : own;
    return source ? [{ name: join(name, entry), source: join(folder, source) }] : [];
  });
}

/** Import names of the workspaces: `@flowify/core` → its folder and its source file. */
export function packageNames(root: string): Map<string, { workspace: string; source: string | undefined }> {
  const names = new Map<string, { workspace: string; source: string | undefined }>();
  for (const workspace of Object.keys(below)) {
    const { name } = readManifest(root, workspace);
    if (name === undefined) continue;
    names.set(name, { workspace, source: undefined });
    for (const { name: entry, source } of entriesIn(root, workspace)) names.set(entry, { workspace, source });
  }
  return names;
}

/** The file of a relative import, relative to the root; as written if there is none. */
export function resolveRelative(root: string, from: string, name: string): string {
  const target = relative(root, resolve(root, dirname(from), name))
    .split(sep)
    .join("/");
  const stem = target.replace(/\.([cm]?)jsx?$/, ".$1ts");
  return [target, stem, stem.replace(/ts$/, "tsx")].find((path) => existsSync(join(root, path))) ?? target;
}
