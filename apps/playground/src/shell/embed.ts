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

/** A run by link: `?run=PATH` names a zip archive of its folder, on the host of the page: its policy allows no other. */
export const linkedRun = new URLSearchParams(location.search).get("run") ?? undefined;

/** @throws Error where it cannot be loaded, in words */
export async function fetchRun(address: string): Promise<File> {
  const failed = (why: string): Error => new Error(`The run ${address} cannot be opened: ${why}`);
  const url = URL.parse(address, location.href);
  if (url?.origin !== location.origin)
    throw failed("it is on another host, to which this page sends nothing. Download it, and open it here.");
  const response = await fetch(url);
  if (!response.ok) throw failed(`the host answers ${response.status}.`);
  return new File([await response.blob()], "run.zip");
}
