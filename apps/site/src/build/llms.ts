import { addressOf, type Pages } from "./pages.js";
import type { SidebarEntries } from "./sidebar.js";

/** The first paragraph of prose of a page, on one line. */
function opening(text: string): string {
  const paragraphs = text.replace(/^---\n[\s\S]*?\n---\n/, "").split(/\n\s*\n/);
  const prose = paragraphs.find((paragraph) => /^[A-Z`*[]/.test(paragraph) && !paragraph.startsWith("!["));
  return (prose ?? "").replace(/\s+/g, " ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

/** The pages of the site for programs that read: every title with its address and first paragraph. */
export function llmsText(pages: Pages, sidebar: SidebarEntries, base: string): string {
  const byAddress = new Map([...pages].map(([place, text]) => [addressOf(place), text]));
  const groups = sidebar.map(({ text, items }) => {
    const lines = items.map(({ text: title, link }) => {
      const page = byAddress.get(link);
      const words = typeof page === "string" ? opening(page) : "";
      return `- [${title}](${base}${link.slice(1)}${link.endsWith("/") ? "" : ".html"})${words && `: ${words}`}`;
    });
    return `## ${text}\n\n${lines.join("\n")}\n`;
  });
  const summary =
    "Turns an ordinary neural network into a normalizing flow: a generative model with a likelihood.";
  return `# flowify\n\n> ${summary}\n\n${groups.join("\n")}`;
}
