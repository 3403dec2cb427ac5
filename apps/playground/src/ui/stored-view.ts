import { batch, type Signal } from "@preact/signals";
import { besidePage } from "./files.js";

/** Kinds of arrays in a stored view; JSON has them as `{ array, base64 }`. */
const arrays = { Float32Array, Float64Array, Uint8Array } as const;
type Stored = Readonly<{ array: keyof typeof arrays; base64: string }>;

const isArray = (value: unknown): value is Stored =>
  typeof value === "object" && value !== null && "base64" in value;

const revive = (_: string, value: unknown): unknown =>
  isArray(value)
    ? new arrays[value.array](Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer)
    : value;

/** The file beside the page with what a tab shows first. */
export const viewFile = (part: string): string => `view-${part}.json`;

/**
 * Shows what `example-views.ts` has stored of a tab, before any worker is loaded.
 *
 * @param signals - of the tab, by the names in the file
 */
export async function showStored(
  part: string,
  signals: Readonly<Record<string, Signal<unknown>>>,
): Promise<void> {
  const text = await (await besidePage(viewFile(part))).text();
  const values = JSON.parse(text, revive) as Record<string, unknown>;
  batch(() => {
    for (const [name, each] of Object.entries(signals)) each.value = values[name];
  });
}
