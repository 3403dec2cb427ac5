import type { Evaluation } from "@flowify/core";
import type { LedgerEntry } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { type DataSet, describeImages } from "../data/image-set.js";
import { ledgerLines } from "../pictures/ledger-lines.js";
import { formatBpd } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import { unitOf } from "../unit.js";

/** Prints the likelihood and the ledger; when quiet, only the likelihood. */
export function sayLikelihood(
  { say, colors, columns, quiet }: Terminal,
  evaluation: Pick<Evaluation, "nats" | "bpd" | "stdErr" | "ledger">,
  images: DataSet,
): void {
  const { ledger } = evaluation;
  const unit = unitOf(images.shape);
  const { value, stdErr } = figureOf(evaluation, images);
  const bound = ledger.every(({ exact }) => exact) ? "" : ", an upper bound in expectation";
  say(`${colors.bold(`${formatBpd(value, stdErr)} ${unit.name}`)} on ${describeImages(images)}${bound}`);
  if (quiet) return;
  say();
  const lines = ledgerLines(ledger, {
    unit,
    width: columns,
    paintExact: colors.blue,
    paintBound: colors.yellow,
  });
  for (const line of lines) say(line);
}

/** A likelihood in the unit of its data. */
export function figureOf(
  evaluation: Pick<Evaluation, "nats" | "bpd" | "stdErr">,
  { shape }: Pick<DataSet, "shape">,
): { value: number; stdErr: number } {
  const unit = unitOf(shape);
  const dimensions = sizeOf(shape);
  return { value: unit.of(evaluation), stdErr: evaluation.stdErr * unit.perBit(dimensions) };
}

/** The same for JSON: `{ bpd, stdErr, nats, ledger }`, for rows with `nll` in place of bits per dimension. */
export function likelihoodDocument(
  evaluation: Pick<Evaluation, "nats" | "bpd" | "stdErr" | "ledger">,
  set: Pick<DataSet, "shape">,
): Readonly<Record<string, unknown>> {
  const unit = unitOf(set.shape);
  const { value, stdErr } = figureOf(evaluation, set);
  const line = ({ layer, nats, bpd, likelihood, exact }: LedgerEntry) => ({
    layer,
    nats,
    [unit.field]: unit.of({ nats, bpd }),
    likelihood,
    exact,
  });
  return { [unit.field]: value, stdErr, nats: evaluation.nats, ledger: evaluation.ledger.map(line) };
}

/** The images or rows of a result, for JSON. */
export const imagesDocument = ({ name, split, hash, partOf, drawnFrom, skipped }: DataSet) => ({
  dataset: name,
  split,
  hash,
  ...(partOf && { splitSize: partOf.size, files: partOf.files }),
  ...(drawnFrom !== undefined && { drawnFrom }),
  ...(skipped && { skipped }),
});
