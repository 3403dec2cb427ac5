import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

type Files = ReadonlyMap<string, string | Uint8Array>;

/** A name for these files: another one where a name or a byte of any of them is another one. */
export function versionOf(files: Files): string {
  const hash = createHash("sha256");
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\n${createHash("sha256").update(content).digest("hex")}\n`);
  return hash.digest("hex").slice(0, 16);
}

/** The files of a folder, which the build copies as they are. */
function filesOf(folder: string): [string, Uint8Array][] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1).replaceAll("\\", "/"), readFileSync(path)];
    });
}

/** Writes the list of all files, and a name for this version of them, into the service worker. */
export function offline(): Plugin {
  let folder = "";
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    configResolved({ publicDir }) {
      folder = publicDir;
    },
    generateBundle(_options, bundle) {
      const { "sw.js": worker, ...rest } = bundle;
      if (worker?.type !== "chunk") throw new Error("sw.js is not among the outputs");
      const built = Object.entries(rest).map(
        ([name, file]) => [name, file.type === "chunk" ? file.code : file.source] as const,
      );
      const files = new Map([...filesOf(folder), ...built]);
      const list = JSON.stringify(["./", ...files.keys()]);
      worker.code = `const FILES = ${list}, VERSION = "playground-${versionOf(files)}";\n${worker.code}`;
    },
  };
}
