import type { ComponentType } from "preact";

/** A tab of the playground: a route in the hash, and code that loads when the tab is first opened, with a finished example. */
export type Part = Readonly<{
  id: string;
  title: string;
  /** One sentence under the title. */
  summary: string;
  /** The tab, and what shows its example, or what the address asks for in its place. */
  load: () => Promise<Readonly<{ Tab: ComponentType; begin(): Promise<void> }>>;
}>;

export const parts: readonly Part[] = [
  {
    id: "table",
    title: "Table",
    summary:
      "Find the rows of a table that do not fit: slips of the keyboard, broken sensors, fraud. The page learns what your rows usually look like, flags the unlikely ones, and names the columns to blame. No file leaves your computer.",
    load: () => import("../tabs/table/table.js"),
  },
  {
    id: "plane",
    title: "Plane",
    summary:
      "Watch a network learn where points lie: it becomes a density, which says how likely a point is and draws new ones.",
    load: () => import("../tabs/plane/plane.js"),
  },
  {
    id: "images",
    title: "Images",
    summary:
      "Train a model of images in your browser: it draws new ones, says how likely an image is, and which layer finds it unlikely. On digits, your own pictures, or a run of the command.",
    load: () => import("../tabs/images/images.js"),
  },
  {
    id: "posterior",
    title: "Posterior",
    summary:
      "Which causes fit what you see? A simulator turns parameters into an observation; a network learns the way back, with all its uncertainty. Drag the observation and watch the parameters move.",
    load: () => import("../tabs/posterior/posterior.js"),
  },
  {
    id: "network",
    title: "Your network",
    summary:
      "A trained network as a density: which of its layers are exact, how likely a digit is, and which digits have the same outputs.",
    load: () => import("../tabs/network/network.js"),
  },
];

/** The tab with that name, or the first. */
export const partOf = (id: string): Part => parts.find((part) => part.id === id) ?? parts[0]!;
