/**
 * The page as a piece of another one: `?embed=density,ledger` in front of the hash shows these sheets of a part alone,
 * without navigation. A document of the same host gives its frame the height that they need.
 */
const sheets = new URLSearchParams(location.search).get("embed")?.split(",");

export const embedded = sheets !== undefined;
export const isShown = (sheet: string): boolean => sheets?.includes(sheet) ?? true;

/** The address of the whole page with the configuration that is shown. */
export const wholePage = (): string => `${location.pathname}${location.hash}`;

/** Keeps the frame around the page as high as what is in it. */
export function fitFrame(): void {
  const { frameElement } = globalThis as { frameElement?: HTMLElement | null };
  if (!frameElement) return;
  new ResizeObserver(([entry]) => {
    frameElement.style.height = `${Math.ceil(entry?.contentRect.height ?? 0)}px`;
  }).observe(document.body);
}
