import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { below } from "./rules.js";

/** Packages that a workspace declares as its dependencies. */
export function declaredBy(root: string, workspace: string): ReadonlySet<string> {
  const manifest = join(root, workspace, "package.json");
  const { dependencies, optionalDependencies, peerDependencies } = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, "utf8")) as Record<string, Record<string, string> | undefined>)
    : {};
  return new Set(
    [dependencies, optionalDependencies, peerDependencies].flatMap((names = {}) => Object.keys(names)),
  );
}

/** Import names of the workspaces: `@flowify/core` → its folder and its source file. */
export function packageNames(root: string): Map<string, { workspace: string; source: string | undefined }> {
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
export function resolveRelative(root: string, from: string, name: string): string {
  const target = relative(root, resolve(root, dirname(from), name))
    .split(sep)
    .join("/");
  const stem = target.replace(/\.([cm]?)jsx?$/, ".$1ts");
  return [target, stem, stem.replace(/ts$/, "tsx")].find((path) => existsSync(join(root, path))) ?? target;
}
