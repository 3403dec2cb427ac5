import type { ComponentType } from "preact";

/** A part of the playground: a tab, a route in the hash, and code that loads when it is first opened. */
export type Part = Readonly<{
  id: string;
  title: string;
  /** One sentence under the title. */
  summary: string;
  load: () => Promise<ComponentType>;
}>;

export const parts: readonly Part[] = [
  {
    id: "plane",
    title: "Plane",
    summary: "Points in the plane, a network of your own, and the density that it learns.",
    load: async () => (await import("../tabs/plane/plane.js")).Plane,
  },
  {
    id: "images",
    title: "Images",
    summary:
      "Digits, or pictures of your own: samples, reconstructions, and what each image costs layer by layer.",
    load: async () => (await import("../tabs/images/images.js")).Images,
  },
  {
    id: "network",
    title: "Your network",
    summary:
      "A trained network as a density: which of its layers are exact, how likely a digit is, and what it cannot tell apart.",
    load: async () => (await import("../tabs/network/network.js")).YourNetwork,
  },
  {
    id: "exchange",
    title: "Exchange",
    summary: "Runs of the command: look at them here, train them further, and take them back.",
    load: async () => (await import("../tabs/exchange/exchange.js")).Exchange,
  },
];

/** The part of that name, or the first. */
export const partOf = (id: string): Part => parts.find((part) => part.id === id) ?? parts[0]!;
