import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { addressOf, livePieces } from "@flowify/playground/live-pieces";
import { repository } from "./places.js";
import { withRunners } from "./snippets.js";

/** A document: its path in the repository, its place on the site, and the places of all files of the site. */
type Document = Readonly<{ path: string; place: string; places: ReadonlyMap<string, string> }>;

/** The folder whose address with a hash, in a document, stands for a view of the playground. */
const PLAYGROUND = "apps/playground/";

/** Applies a change to a text, but not to its fenced code. */
function outsideFences(text: string, change: (prose: string) => string): string {
  const parts = text.split(/^(`{3,}[^\n]*\n[\s\S]*?^`{3,}[ \t]*$)/m);
  return parts.map((part, i) => (i % 2 === 0 ? change(part) : part)).join("");
}

/** The width and height of a PNG, which its header names. */
function sizeOf(file: string): string {
  const header = readFileSync(join(repository, file)).subarray(16, 24);
  return `{width=${header.readUInt32BE(0)} height=${header.readUInt32BE(4)}}`;
}

/** Links of a document as links of the site. What is no page, such as a source file, keeps its words only. */
function withLinks(text: string, { path, place, places }: Document): string {
  return text.replace(/(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (link, picture, words, target) => {
    if (/^([a-z]+:|#|\/)/.test(target)) return link;
    const [file = "", anchor] = String(target).split("#", 2);
    const source = posix.join(posix.dirname(path), file);
    if (source.startsWith(`${PLAYGROUND}?`) || (source === PLAYGROUND && anchor))
      return `<a href="${posix.relative(posix.dirname(place), "playground")}/${target.replace(/^[^?#]*/, "")}">${words}</a>`;
    const found = places.get(source);
    if (found === undefined) return picture ? link : words;
    // pictures stand beside the pages as they are, a way through the base of the site
    if (!found.endsWith(".md")) return `${picture}[${words}](/${found})${picture ? sizeOf(source) : ""}`;
    const way = posix.relative(posix.dirname(place), found);
    return `[${words}](${way.startsWith(".") ? way : `./${way}`}${anchor === undefined ? "" : `#${anchor}`})`;
  });
}

/** Frames of the playground around the pictures that stand for them. */
function withFrames(text: string): string {
  for (const piece of livePieces(text)) {
    const frame = `<LiveFrame address="${addressOf(piece)}">\n\n![${piece.words}](${piece.picture})\n\n</LiveFrame>`;
    text = text.replace(piece.source, () => frame);
  }
  return text;
}

/** The first example of the README, which the home page shows. */
function tenLines(): string {
  const text = readFileSync(join(repository, "README.md"), "utf8");
  const example = /^```ts run\n[\s\S]*?^```$/m.exec(text)?.[0];
  if (example === undefined)
    throw new Error("README.md has no example: expected a fence that opens with ```ts run");
  return example;
}

/** A document of the repository as a page of the site. */
export function rewrite(text: string, document: Document): string {
  const whole = text.replace("<!-- the example of README.md -->", tenLines);
  const page = outsideFences(whole, (prose) => withLinks(withFrames(prose), document));
  return withRunners(document.place, page);
}
