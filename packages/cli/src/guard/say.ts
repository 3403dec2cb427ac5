import { valueAt } from "../places.js";
import { formatCount, shortened, table } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";
import type { Examples } from "./examples.js";
import type { FittedGuard } from "./fit-guard.js";
import type { GuardReport } from "./report.js";
import { heldOut } from "./smooth-p.js";

/** What the guarded file says of itself. */
export const descriptionOf = (
  { features, taps, trials, held: groups, accuracy, fitted }: FittedGuard,
  training: Examples,
  held: Examples | undefined,
  falseAlarms: number,
) => ({
  format: "flowify-guard",
  version: 1,
  falseAlarms,
  at: features.parts.map(({ at }) => valueAt(taps, at).name),
  chosen: features.name,
  features: features.width,
  trials,
  fitted: { data: training.name, examples: fitted },
  calibrated: {
    data: held?.name ?? training.name,
    examples: heldOut(groups),
    classes: groups.length,
  },
  ...(accuracy !== undefined && { accuracy }),
});

export function sayFitted(
  terminal: Terminal,
  { trials, features, held: groups, accuracy }: FittedGuard,
  falseAlarms: number,
): void {
  if (accuracy !== undefined) {
    const share = `${(100 * accuracy).toFixed(1)} % of the training examples get their label`;
    if (accuracy < 0.5) terminal.warn(`only ${share}: check --normalize`);
    else terminal.say(share);
  }
  const [first] = trials;
  if (first) {
    const kinds = Object.keys(first.aurocs);
    const rows = trials.map(({ features: name, aurocs, mean }) => [
      shortened(name),
      ...kinds.map((kind) => aurocs[kind]?.toFixed(3) ?? ""),
      mean.toFixed(3),
    ]);
    terminal.say("how well the nearest training examples tell corrupted ones, AUROC:");
    for (const row of table([["values", ...kinds, "mean"], ...rows], [false, ...kinds.map(() => true), true]))
      terminal.say(row);
  }
  terminal.say(`looks at ${features.name}: ${features.width} features`);
  const held = `${formatCount(heldOut(groups))} held-out examples${groups.length > 1 ? `, each of ${groups.length} classes for itself` : ""}`;
  terminal.say(`calibrated by ${held}; flags ${100 * falseAlarms} % of usual inputs`);
}

export function reportLines({ usual, falseAlarms, sets }: GuardReport): string[] {
  const percent = (share: number): string => (100 * share).toFixed(2);
  const alarms = falseAlarms.map(
    ({ stated, found, interval: [low, high] }) =>
      `${percent(found)} % at ${100 * stated} % (99 % interval: ${percent(low)} to ${percent(high)})`,
  );
  const [names, told] = [Object.keys(sets), Object.values(sets)];
  const rows = Object.keys(told[0] ?? {}).map((score) => [
    score,
    ...told.flatMap((set) => [set[score]?.auroc.toFixed(4) ?? "", set[score]?.fpr95.toFixed(4) ?? ""]),
  ]);
  return [
    `false alarms on ${formatCount(usual.examples)} examples of ${usual.name}: ${alarms.join(", ")}`,
    "AUROC, and the share that passes where 95 % of usual examples do (FPR at 95 %):",
    ...table(
      [["score", ...names.flatMap((name) => [name, "FPR"])], ...rows],
      [false, ...names.flatMap(() => [true, true])],
    ),
  ];
}
