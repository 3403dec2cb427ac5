import { table } from "../ui/format.js";
import { type Beside, type Quality, SURE, type Verdict } from "./quality.js";

const figure = (value: number | undefined, digits = 3): string => value?.toFixed(digits) ?? "–";

export const qualityLines = (quality: Quality): string[] => table(qualityRows(quality), [false, true, true]);

/** The figures as rows of cells, with a head: one column of samples, one of other real images. */
export function qualityRows({ judges, alike, nearest, copies }: Quality): string[][] {
  const row = (name: string, { samples, heldOut }: Beside<number>, digits?: number): string[] => [
    name,
    figure(samples, digits),
    figure(heldOut, digits),
  ];
  const of = ({ samples, heldOut }: Beside<Verdict>, key: keyof Verdict): Beside<number> => ({
    samples: samples[key],
    heldOut: heldOut?.[key],
  });
  const rows = judges.flatMap((judge) => [
    [`${judge.name} (${judge.input})`, "", ""],
    row("  Fréchet distance", of(judge, "frechet")),
    row("  precision", of(judge, "precision")),
    row("  recall", of(judge, "recall")),
    row(`  recognized, p > ${SURE}`, of(judge, "recognized")),
  ]);
  return [
    ["", "samples", "real images"],
    ...rows,
    ...(alike ? [row(`same class by all, p > ${SURE}`, alike)] : []),
    row("distance to the nearest training image", nearest, 1),
    ...(copies === undefined ? [] : [["closer than 99 % of real images", figure(copies), "0.010"]]),
  ];
}
