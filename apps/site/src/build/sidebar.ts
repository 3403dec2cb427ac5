import { addressOf, type Pages, titleOf } from "./pages.js";

/** `folders`: pages with a sidebar for themselves, of which the others have the first alone. */
type Group = Readonly<{ text: string; folders?: readonly string[]; pages: readonly (string | RegExp)[] }>;

/** The order of the pages; a pattern stands for all pages like it, by their names. */
const groups: readonly Group[] = [
  { text: "Start", pages: ["overview.md", "guide.md", "gallery.md"] },
  {
    text: "Tutorials",
    pages: [
      "tutorials/index.md",
      "tutorials/price.md",
      "tutorials/posterior.md",
      "tutorials/classifier.md",
      /^tutorials\//,
    ],
  },
  {
    text: "Tables",
    pages: ["tables.md", "regression.md", "forecasts.md", "conditions.md", "classes.md", "posteriors.md"],
  },
  { text: "Images", pages: ["data.md", "quality.md", "bits-per-dimension.md", "compress.md"] },
  { text: "Trained networks", pages: ["convert.md", "guard.md", "export.md", "engines.md", "semantics.md"] },
  { text: "Programs as ONNX", pages: ["jax-to-onnx.md", "lowering.md"] },
  { text: "Many machines", pages: ["scale.md"] },
  {
    text: "Reference",
    pages: ["commands.md", "errors.md", "files.md", "bad-input.md", /^reference\/[^/]+\/index\.md$/],
  },
  {
    text: "Layers",
    folders: ["layers", "densities"],
    pages: ["layers/index.md", /^layers\//, "densities/index.md", /^densities\//],
  },
  { text: "Results", folders: ["results"], pages: ["results/index.md", /^results\//] },
  { text: "Design", folders: ["design"], pages: ["design/index.md", /^design\//] },
  {
    text: "Project",
    pages: ["contributing.md", "changelog.md", "playground-readme.md", /^packages\//],
  },
];

/** Pages that need no entry: the home page, and those with a list of their own. */
const apart = /^(index\.md|reference\/.*\/(?!index\.md$)[^/]+\.md$|reference\/api\/.*\/index\.md$)/;

type Entry = { text: string; link: string };
export type SidebarEntries = { text: string; folders: readonly string[]; items: Entry[] }[];

/** The groups with their pages. Throws where a page of the list is missing, or a page is in no group. */
export function sidebar(pages: Pages): SidebarEntries {
  const left = new Set([...pages.keys()].filter((place) => place.endsWith(".md") && !apart.test(place)));
  // pages by name first: a pattern takes what they leave
  const named = new Set(groups.flatMap((group) => group.pages.filter((page) => typeof page === "string")));
  const entryOf = (place: string): Entry => {
    const text = pages.get(place);
    if (typeof text !== "string") throw new Error(`the sidebar lists ${place}, which is no page`);
    left.delete(place);
    return { text: titleOf(text), link: addressOf(place) };
  };
  const made = groups.map(({ text, folders = [], pages: listed }) => ({
    text,
    folders,
    items: listed.flatMap((page) => {
      if (typeof page === "string") return [entryOf(page)];
      return [...left].filter((place) => page.test(place) && !named.has(place)).map(entryOf);
    }),
  }));
  if (left.size > 0) throw new Error(`pages in no group of the sidebar: ${[...left].join(", ")}`);
  return made.filter(({ items }) => items.length > 0);
}

const up: Entry = { text: "All documents", link: "/overview" };

/** The sidebar of each folder: groups with folders, and the API by its modules, stand apart, or all pages would be large. */
export function sidebars(pages: Pages): Record<string, object[]> {
  const groups = sidebar(pages);
  const apart = groups.filter(({ folders }) => folders.length > 0);
  const more = { text: "More", items: apart.map(({ text, items }) => ({ text, link: items[0]?.link })) };
  const modules = [...pages].filter(([place]) => /^reference\/api\/.+\/index\.md$/.test(place));
  const ofModules = modules.map(([place, text]) => ({ text: titleOf(String(text)), link: addressOf(place) }));
  const named = apart.flatMap(({ text, folders, items }) =>
    folders.map((folder) => [`/${folder}/`, [{ text, items: [...items, up] }]] as const),
  );
  return {
    ...Object.fromEntries(named),
    "/reference/api/": [{ text: "API", items: [...ofModules, up] }],
    "/": [
      ...groups.filter((group) => !apart.includes(group)).map(({ text, items }) => ({ text, items })),
      more,
    ],
  };
}
