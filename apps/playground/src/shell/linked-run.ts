import { LARGEST } from "../run/run-files.js";

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
  const mebibytes = Number(response.headers.get("content-length")) / 2 ** 20;
  if (mebibytes * 2 ** 20 > LARGEST)
    throw failed(`it has ${Math.round(mebibytes)} MiB, too many for a page.`);
  return new File([await response.blob()], "run.zip");
}
