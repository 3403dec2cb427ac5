import type { Flow, Monitor } from "@flowify/core";
import { formatCount } from "../ui/format.js";
import { table } from "../ui/table.js";

/** All that somebody needs to know of a number of bits per dimension to compare it with another. */
export type Meaning = Readonly<{
  /** The layer that adds noise to integers, and their number; null where x is a density's argument as it is. */
  dequantization: Readonly<{ layer: string; levels: number }> | null;
  /** n: the numbers of one image. */
  dimensions: number;
  /** Mean log p(x) in nats: bits per dimension are −nats / (n ln 2). */
  nats: number;
  /** True where every image's log p is a number, false where it is a bound in expectation over draws of noise. */
  exact: boolean;
  /** K: draws of the noise an image. */
  draws: number;
  /** Standard error of the bits per dimension over the images (null for one), and over the draws (null for one). */
  stdErr: number | null;
  stdErrOfDraws: number | null;
}>;

export const meaningOf = (
  { domain: { levels }, dimensions, exact, ledgerLines }: Flow,
  { nats, stdErr }: Pick<Monitor, "nats" | "stdErr">,
  { draws, stdErrOfDraws }: { draws: number; stdErrOfDraws: number | null },
): Meaning => ({
  dequantization: levels === undefined ? null : { layer: ledgerLines[0]?.layer as string, levels },
  dimensions,
  nats,
  exact,
  draws,
  stdErr: Number.isNaN(stdErr) ? null : stdErr,
  stdErrOfDraws,
});

/** The same for people, a line each. */
export function meaningLines(meaning: Meaning, items: number): string[] {
  const { dequantization, dimensions, nats, exact, draws, stdErr, stdErrOfDraws } = meaning;
  const n = formatCount(dimensions);
  const images = items === 1 ? "1 image" : `${formatCount(items)} images`;
  const noise = dequantization
    ? `${dequantization.layer}, ${dequantization.levels} levels: +${Math.log2(dequantization.levels).toFixed(3)} bits per dimension`
    : "none: a density, not a probability of levels";
  const kind =
    draws === 1
      ? "an upper bound in expectation, one draw an image"
      : `an upper bound in expectation, from the mean density of ${draws} draws an image`;
  const overDraws = exact
    ? "none: nothing is drawn"
    : stdErrOfDraws === null
      ? "from --samples 2 on"
      : `± ${stdErrOfDraws.toFixed(6)}`;
  return table([
    ["dequantization", noise],
    ["dimensions", `n = ${n} numbers an image`],
    ["bits", `-log p / (n ln 2), with a mean log p of ${nats.toFixed(3)} nats`],
    ["likelihood", exact ? "exact" : kind],
    ["over images", stdErr === null ? `${images}: no standard error` : `± ${stdErr.toFixed(6)}, ${images}`],
    ["over draws", overDraws],
  ]);
}
