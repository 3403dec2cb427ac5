import type { Monitor } from "@flowify/core";
import { describeImages, type ImageSet } from "../data/image-set.js";
import { ledgerLines } from "../pictures/ledger-chart.js";
import { formatBpd } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

/** Says the likelihood and the ledger for people; when quiet, the likelihood alone. */
export function sayLikelihood(
  { say, colors, columns, quiet }: Terminal,
  { bpd, stdErr, ledger }: Pick<Monitor, "bpd" | "stdErr" | "ledger">,
  images: ImageSet,
): void {
  const bound = ledger.every(({ exact }) => exact) ? "" : ", an upper bound in expectation";
  say(`${colors.bold(`${formatBpd(bpd, stdErr)} bits per dimension`)} on ${describeImages(images)}${bound}`);
  if (quiet) return;
  say();
  const lines = ledgerLines(ledger, { width: columns, paintExact: colors.blue, paintBound: colors.yellow });
  for (const line of lines) say(line);
}

/** Which images a result is about, for the JSON document. */
export const imagesDocument = ({ name, split, hash, partOf, drawnFrom, skipped }: ImageSet) => ({
  dataset: name,
  split,
  hash,
  ...(partOf && { splitSize: partOf.size, files: partOf.files }),
  ...(drawnFrom !== undefined && { drawnFrom }),
  ...(skipped && { skipped }),
});
