/**
 * The page embedded in another one: `?embed=density,ledger` in front of the hash shows only these sheets of a tab,
 * without navigation. A document of the same host sets its frame to the height of the sheets.
 */
const sheets = new URLSearchParams(location.search).get("embed")?.split(",");

export const embedded = sheets !== undefined;
export const isShown = (sheet: string): boolean => sheets?.includes(sheet) ?? true;

/** The address of the whole page with the present configuration. */
export const wholePage = (): string => `${location.pathname}${location.hash}`;

/** Keeps the frame as high as its content. */
export function fitFrame(): void {
  const { frameElement } = globalThis as { frameElement?: HTMLElement | null };
  if (!frameElement) return;
  new ResizeObserver(([entry]) => {
    frameElement.style.height = `${Math.ceil(entry?.contentRect.height ?? 0)}px`;
  }).observe(document.body);
}
