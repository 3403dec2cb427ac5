import type { Evaluation, Flow } from "@flowify/core";
import { formatCount, table } from "../ui/format.js";
import type { Unit } from "../unit.js";

/** Everything needed to compare a likelihood with another one. */
export type LikelihoodSummary = Readonly<{
  /** The layer that adds noise to values on a grid, and their levels, null where columns differ; null for a density of real numbers. */
  dequantization: Readonly<{ layer: string; levels: number | null }> | null;
  /** n: the numbers of one image or row. */
  dimensions: number;
  /** Mean log p(x) in nats: bits per dimension are −nats / (n ln 2). */
  nats: number;
  /** True if log p is exact, false if it is a bound in expectation over samples of noise. */
  exact: boolean;
  likelihood: Flow["likelihood"];
  /** K: samples of the noise per image. */
  samples: number;
  /** Standard error over the images or rows (null for one), and over the samples (null for one), in the unit of the figure. */
  stdErr: number | null;
  stdErrOfSamples: number | null;
}>;

export function summarizeLikelihood(
  { domain, dimensions, exact, likelihood, ledgerLines }: Flow,
  { nats, stdErr }: Pick<Evaluation, "nats" | "stdErr">,
  { samples, stdErrOfSamples }: { samples: number; stdErrOfSamples: number | null },
): LikelihoodSummary {
  const layer = ledgerLines[0]?.layer as string;
  const levels = domain.levels ?? null;
  return {
    dequantization: levels !== null || /^(dequantizeColumns|mixedRow)/.test(layer) ? { layer, levels } : null,
    dimensions,
    nats,
    exact,
    likelihood,
    samples,
    stdErr: Number.isNaN(stdErr) ? null : stdErr,
    stdErrOfSamples,
  };
}

/** What a likelihood is, in a sentence. */
export const likelihoodWords = {
  exact: "exact",
  bound: "a lower bound in expectation",
  "loses mass": "loses mass: its density integrates to less than 1",
} as const;

/** The same as text, one line each. */
export function summaryLines(meaning: LikelihoodSummary, examples: number, unit: Unit): string[] {
  const { dequantization, dimensions, nats, likelihood, samples, stdErr, stdErrOfSamples } = meaning;
  const n = formatCount(dimensions);
  const one = unit.field === "bpd" ? "image" : "row";
  const many = examples === 1 ? `1 ${one}` : `${formatCount(examples)} ${one}s`;
  const { layer, levels } = dequantization ?? {};
  const noise = levels
    ? `${layer}, ${levels} levels: +${(Math.log2(levels) * unit.perBit(dimensions)).toFixed(3)} ${unit.name}`
    : layer
      ? `${layer}: values that repeat have probabilities, other numbers a density in the unit of their column`
      : "none: a density, not a probability of levels";
  const kind =
    samples === 1
      ? `an upper bound in expectation, one sample per ${one}`
      : `an upper bound in expectation, from the mean density of ${samples} samples per ${one}`;
  const overDraws =
    likelihood === "exact"
      ? "none: no random numbers"
      : stdErrOfSamples === null
        ? "needs --samples 2 or more"
        : `± ${stdErrOfSamples.toFixed(6)}`;
  return table([
    ["dequantization", noise],
    ["dimensions", `n = ${n} numbers per ${one}`],
    unit.field === "bpd"
      ? ["bits", `-log p / (n ln 2), with a mean log p of ${nats.toFixed(3)} nats`]
      : [
          "nats",
          `-log p${dequantization ? "" : ", a density in the units of the columns"}: ${(-nats / dimensions).toFixed(3)} per dimension`,
        ],
    ["likelihood", likelihood === "bound" ? kind : likelihoodWords[likelihood]],
    [`over ${one}s`, stdErr === null ? `${many}: no standard error` : `± ${stdErr.toFixed(6)}, ${many}`],
    ["over samples", overDraws],
  ]);
}
