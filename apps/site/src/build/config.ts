import { slug } from "github-slugger";
import { type DefaultTheme, defineConfig } from "vitepress";

/**
 * VitePress reads this through `.vitepress/config.ts`, with its own bundler, which does not resolve the packages of this
 * repository: the build hands over what it found in them.
 */
const { SITE_BASE: base = "/", SITE_SIDEBAR: sidebar = "[]" } = process.env;

/** Letters of a cell of a table that stays on one line, and of a word with hyphens in a line of code. */
const SHORT = 16;
const LONG = 20;
/** Letters from which a cell is too narrow on a phone without a least width. */
const SENTENCE = 60;

export const config = defineConfig({
  title: "flowify",
  titleTemplate: ":title · flowify",
  description: "Turn an ordinary neural network into a generative model with a likelihood.",
  lang: "en",
  base,
  srcDir: "dist/pages",
  outDir: "dist/site",
  cacheDir: "dist/cache",
  cleanUrls: false,
  // the check after the build follows every link, those into the playground too
  ignoreDeadLinks: [/playground\//],
  markdown: {
    // headings have the anchors that forges give them, so that a link works in both
    anchor: { slugify: slug },
    image: { lazyLoading: true },
    // a column without a name has no header, a short cell is one line, and a formula can be reached by the keyboard
    config: (md) => {
      md.core.ruler.push("reachable", ({ tokens }) => {
        tokens.forEach((token, i) => {
          if (token.type === "code_block") token.attrSet("tabindex", "0"); // it may scroll
          const letters = tokens[i + 1]?.content.length ?? 0;
          if (token.type === "td_open" && letters <= SHORT) token.attrSet("class", "whole");
          if (token.type === "td_open" && letters > SENTENCE) token.attrSet("class", "sentence");
          if (token.type !== "th_open" || tokens[i + 1]?.content !== "") return;
          token.tag = "td";
          for (const close of tokens.slice(i, i + 3)) if (close.type === "th_close") close.tag = "td";
        });
      });
      const code = md.renderer.rules.code_inline;
      md.renderer.rules.code_inline = (...args) =>
        (code?.(...args) ?? "").replace(/(?<=[>\s])[^\s<>]*-[^\s<>]*(?=[<\s])/g, (word) =>
          word.length > LONG ? word : `<span class="whole">${word}</span>`,
        );
    },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
  },
  transformHead: ({ assets }) =>
    assets
      .filter((asset) => asset.endsWith(".woff2"))
      .map((href) => ["link", { rel: "preload", href, as: "font", type: "font/woff2", crossorigin: "" }]),
  themeConfig: {
    siteTitle: "flowify",
    nav: [
      { text: "Tutorials", link: "/tutorials/" },
      { text: "Guide", link: "/guide" },
      { text: "Gallery", link: "/gallery" },
      { text: "API", link: "/reference/api/" },
      { text: "Playground", link: "/playground/" },
    ],
    sidebar: JSON.parse(sidebar) as DefaultTheme.SidebarMulti,
    outline: [2, 3],
    search: {
      provider: "local",
      options: {
        miniSearch: {
          // a page that explains comes before one that lists
          searchOptions: { boostDocument: (id: string) => (id.includes("/reference/api/") ? 0.5 : 1) },
        },
      },
    },
    footer: { message: "MIT licence. This site makes no request to other hosts." },
  },
});
