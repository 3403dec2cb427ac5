import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { rewrite } from "./markdown.js";
import { documents, repository } from "./places.js";

/** The pages of the site: Markdown by its path below the site, and the pictures that they show. */
export type Pages = ReadonlyMap<string, string | Uint8Array>;

/** All pages: the documents with their links turned into those of the site, and their pictures. */
export function sitePages(): Pages {
  const places = documents();
  const pages = new Map<string, string | Uint8Array>();
  for (const [path, place] of places) {
    const bytes = readFileSync(join(repository, path));
    const isPage = path.endsWith(".md");
    pages.set(place, isPage ? rewrite(bytes.toString("utf8"), { path, place, places }) : bytes);
  }
  return pages;
}

/** A page's first heading. */
export const titleOf = (text: string): string =>
  (/^# (.*)$/m.exec(text)?.[1] ?? "").replaceAll("`", "").replaceAll("\\", "");

/** The address of a page, from the root of the site. */
export const addressOf = (place: string): string => posix.join("/", place.replace(/(index)?\.md$/, ""));
