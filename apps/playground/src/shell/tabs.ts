import type { ComponentType } from "preact";

/** A tab of the playground: a route in the hash, and code that loads when the tab is first opened. */
export type Part = Readonly<{
  id: string;
  title: string;
  /** One sentence under the title. */
  summary: string;
  load: () => Promise<ComponentType>;
}>;

export const parts: readonly Part[] = [
  {
    id: "table",
    title: "Table",
    summary:
      "A file of rows: its columns, its odd rows, and the columns that make them odd. No file leaves your computer.",
    load: async () => (await import("../tabs/table/table.js")).TableTab,
  },
  {
    id: "plane",
    title: "Plane",
    summary: "Points in the plane, your own network, and the density that it learns.",
    load: async () => (await import("../tabs/plane/plane.js")).Plane,
  },
  {
    id: "images",
    title: "Images",
    summary:
      "Digits, your own pictures, or a run of the command: samples, reconstructions, and what each layer adds to the likelihood of an image.",
    load: async () => (await import("../tabs/images/images.js")).Images,
  },
  {
    id: "network",
    title: "Your network",
    summary:
      "A trained network as a density: which of its layers are exact, how likely a digit is, and which digits have the same outputs.",
    load: async () => (await import("../tabs/network/network.js")).YourNetwork,
  },
];

/** The tab with that name, or the first. */
export const partOf = (id: string): Part => parts.find((part) => part.id === id) ?? parts[0]!;
