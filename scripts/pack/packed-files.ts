import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { packageOf } from "../imports/rules.js";

type Manifest = Readonly<{
  name: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}>;

/** Files below a folder, with forward slashes. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/"));

/**
 * Problems of the built files of an installed package: an import that its manifest does not declare, a type from an
 * optional package, or code of another package in a bundle, which would be a second copy.
 */
export function wrongImports(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const sure = new Set([manifest.name, ...Object.keys(manifest.dependencies ?? {})]);
  const perhaps = new Set(Object.keys({ ...manifest.optionalDependencies, ...manifest.peerDependencies }));
  const dist = join(folder, "dist");
  return filesBelow(dist)
    .filter((path) => /\.(js|d\.ts)$/.test(path))
    .flatMap((path) => {
      const text = readFileSync(join(dist, path), "utf8");
      const typesOnly = path.endsWith(".d.ts");
      const imports = ts
        .preProcessFile(text, true, !typesOnly)
        .importedFiles.map(({ fileName }) => fileName)
        .filter((name) => !name.startsWith(".") && !isBuiltin(name))
        .filter((name) => !(sure.has(packageOf(name)) || (!typesOnly && perhaps.has(packageOf(name)))))
        .map(
          (name) =>
            `imports ${name}, which ${manifest.name} does not ${typesOnly ? "always install" : "declare"}`,
        );
      const bundled = [...text.matchAll(/^\/\/#region (.*node_modules.*)$/gm)].map(
        ([, source]) => `holds a copy of ${source}`,
      );
      return [...imports, ...bundled].map((wrong) => `dist/${path} ${wrong}`);
    });
}

/** The folders in which a package is installed, at any depth. */
export const copiesOf = (name: string, home: string): string[] =>
  filesBelow(join(home, "node_modules"))
    .filter((path) => `/${path}`.endsWith(`/${name}/package.json`))
    .filter((path) => path === `${name}/package.json` || path.includes(`node_modules/${name}/package.json`));
