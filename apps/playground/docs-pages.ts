import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";
import { gfmHeadingId } from "marked-gfm-heading-id";
import type { Plugin } from "vite";

/** The folder of the repository whose documents are written beside the page. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const STYLE = `
:root { color-scheme: light dark; font: 100%/1.55 system-ui, sans-serif; background: light-dark(#fbfaf7, #14171a); color: light-dark(#1d2125, #e6e4df); }
body { max-width: 46rem; margin: 0 auto; padding: 1rem 1rem 4rem; overflow-wrap: anywhere; }
h1, h2, h3 { font-family: "Iowan Old Style", Palatino, Georgia, serif; line-height: 1.2; }
a { color: light-dark(#0b6e8a, #4db6d4); }
pre, table { display: block; overflow-x: auto; font-size: 0.875rem; }
pre { padding: 0.75rem; background: light-dark(#f1efe9, #22272c); }
th, td { padding: 0.15rem 0.75rem 0.15rem 0; text-align: left; vertical-align: top; }
img { max-width: 100%; }
.live { width: 100%; height: 28rem; border: 0; }`;

/** Headings have the anchors that forges give them, so that a link works in both. */
const markdown = new Marked(gfmHeadingId());

/** A piece of the playground in a document, and the picture that stands for it where nothing is live. */
type LivePiece = Readonly<{ part: string; sheets: string; config: string; words: string; picture: string }>;

/** `<!-- live: part?sheets {config} -->`, the picture on the next line. */
const LIVE = /^<!-- live: (\w+)\?([\w,]+) (\{.*\}) -->\n!\[(.*)\]\((.*)\)$/gm;

/** The way from a document to the folder of the page. */
const backFrom = (path: string): string => posix.relative(posix.dirname(path), ".");

/** The address of a piece, from the folder of the page. */
export const addressOf = ({ part, sheets, config }: LivePiece): string =>
  `?embed=${sheets}#/${part}?config=${encodeURIComponent(config)}`;

/** The pieces of a document. */
export const livePieces = (text: string): LivePiece[] =>
  [...text.matchAll(LIVE)].map(([, part = "", sheets = "", config = "", words = "", picture = ""]) => ({
    part,
    sheets,
    config,
    words,
    picture,
  }));

/** Frames of the playground in place of the pictures that stand for them. */
function withFrames(text: string, back: string): string {
  const pieces = livePieces(text);
  return text.replace(LIVE, () => {
    const piece = pieces.shift()!;
    return `<iframe class="live" loading="lazy" title="${piece.words}" src="${back}/${addressOf(piece)}"></iframe>`;
  });
}

/** A document as a page; links to others lead to their pages, those out of the folder are left away. */
function pageOf(path: string, text: string): string {
  const title = /^# (.*)$/m.exec(text)?.[1] ?? path;
  const body = markdown
    .parse(text, { async: false })
    .replace(/<a href="([^":]*)">(.*?)<\/a>/gs, (link, target: string, inner: string) => {
      if (target.startsWith("#")) return link;
      const inside = posix.join(posix.dirname(path), target).startsWith("docs/");
      return inside ? `<a href="${target.replace(/\.md(?=#|$)/, ".html")}">${inner}</a>` : inner;
    });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · flowify</title><style>${STYLE}</style></head>
<body><p><a href="${backFrom(path)}/">flowify playground</a></p>
${body}</body></html>
`;
}

/** The documents of the repository as pages, and the pictures that they show: contents by file name. */
export function documentFiles(): Map<string, string | Uint8Array> {
  const files = new Map<string, string | Uint8Array>();
  const all = readdirSync(`${ROOT}/docs`, { recursive: true, encoding: "utf8" });
  for (const path of all.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)) {
    const text = withFrames(readFileSync(`${ROOT}/${path}`, "utf8"), backFrom(path));
    files.set(path.replace(/md$/, "html"), pageOf(path, text));
    for (const [, picture = ""] of text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) {
      const file = posix.join(posix.dirname(path), picture);
      files.set(file, readFileSync(`${ROOT}/${file}`));
    }
  }
  return files;
}

/** Writes the documents of the repository as pages into `docs`, with the pictures that they show. */
export const docsPages = (): Plugin => ({
  name: "docs",
  apply: "build",
  generateBundle() {
    for (const [fileName, source] of documentFiles()) this.emitFile({ type: "asset", fileName, source });
  },
});
