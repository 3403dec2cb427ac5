import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository, the site's own folder, and the folders that its build writes. */
export const repository = fileURLToPath(new URL("../../../..", import.meta.url));
export const workspace = fileURLToPath(new URL("../..", import.meta.url));
export const playground = fileURLToPath(new URL("../../../playground", import.meta.url));
/** The pages as VitePress reads them. */
export const assembled = `${workspace}dist/pages`;
/** The finished site. */
export const built = `${workspace}dist/site`;

/** Documents outside of `docs`, and their places on the site. */
const elsewhere: Readonly<Record<string, string>> = {
  "README.md": "overview.md",
  "CONTRIBUTING.md": "contributing.md",
  "CHANGELOG.md": "changelog.md",
  "apps/playground/README.md": "playground-readme.md",
  "packages/compress/README.md": "packages/compress.md",
  "packages/guard/README.md": "packages/guard.md",
  "packages/jax-to-onnx/README.md": "packages/jax-to-onnx.md",
};

/** The files of a folder of the repository whose names end like this. */
const filesIn = (folder: string, end: string): string[] =>
  readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(end) && !name.startsWith("api/"))
    .map((name) => `${folder}/${name}`)
    .sort();

function placeOf(path: string): string {
  const place = elsewhere[path] ?? path.replace(/^(docs|apps\/site\/pages)\//, "");
  return place.replace(/(^|\/)README\.md$/, "$1index.md");
}

/** Every document and picture of the repository by its path there, with its place below the site. */
export const documents = (): ReadonlyMap<string, string> =>
  new Map(
    [
      ...filesIn("docs", ".md"),
      ...filesIn("apps/site/pages", ".md"),
      ...Object.keys(elsewhere),
      ...filesIn("docs", ".png"),
    ].map((path) => [path, placeOf(path)]),
  );
