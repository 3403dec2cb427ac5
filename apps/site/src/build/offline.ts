import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { versionOf } from "@flowify/playground/offline";
import { transformWithOxc } from "vite";
import { playground } from "./places.js";

/** What a visit does not store for the next: the playground stores itself when it is opened, the API is large. */
const apart = /^(playground\/|reference\/api\/|assets\/reference_api_|hashmap\.json|sw\.js)/;

/** Addresses under which a file is asked for: that of a folder too. */
const addressesOf = (file: string): string[] =>
  /(^|\/)index\.html$/.test(file) ? [file, `./${file.replace(/index\.html$/, "")}`] : [file];

/** Writes the service worker of the playground for the pages of the site: they are there without a network after a visit. */
export async function writeServiceWorker(site: string, files: readonly string[]): Promise<void> {
  const source = join(playground, "src/shell/service-worker.ts");
  const { code } = await transformWithOxc(readFileSync(source, "utf8"), source);
  const kept = files.filter((file) => !apart.test(file));
  const version = versionOf(new Map(kept.map((file) => [file, readFileSync(join(site, file))])));
  const list = JSON.stringify(kept.flatMap(addressesOf));
  writeFileSync(join(site, "sw.js"), `const FILES = ${list}, VERSION = "site-${version}";\n${code}`);
}
