/** The example of the README of `jax-to-onnx`, where nothing but its tarball is installed: in Node, and on a page. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Manifest = { main?: string; exports?: Record<string, string | { import?: string; default?: string }> };

/** The folders of the packages in a folder `node_modules`. */
const packagesIn = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`) : [name],
  );

/** What a page needs to import packages by their names, as a bundler would resolve them. */
export function importMap(home: string): Readonly<Record<string, string>> {
  const names = packagesIn(join(home, "node_modules")).filter((name) => !name.startsWith("."));
  const imports = names.flatMap((name) => {
    const manifest = JSON.parse(
      readFileSync(join(home, "node_modules", name, "package.json"), "utf8"),
    ) as Manifest;
    const entries = Object.entries(manifest.exports ?? { ".": manifest.main ?? "index.js" });
    return entries.flatMap(([entry, target]) => {
      const file = typeof target === "string" ? target : (target.import ?? target.default);
      return file ? [[join(name, entry), `./${join("node_modules", name, file)}`] as const] : [];
    });
  });
  return Object.fromEntries(imports);
}

/** The first JavaScript of the installed README. */
export function readmeExample(home: string): string {
  const text = readFileSync(join(home, "node_modules/jax-to-onnx/README.md"), "utf8");
  const code = /^```js\n(.*?)^```/ms.exec(text)?.[1];
  if (!code?.includes("toOnnx(")) throw new Error("the README of jax-to-onnx has no example in JavaScript");
  return code;
}
