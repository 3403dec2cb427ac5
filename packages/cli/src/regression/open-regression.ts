import { CheckpointError } from "@flowify/core";
import { withExecutor } from "../executors.js";
import type { CommonFlags } from "../flags/shared.js";
import { valueAt } from "../places.js";
import type { Terminal } from "../ui/terminal.js";
import { loadPart, type RegressionDocument, readRegression } from "./regression-file.js";
import { TableRegression, type TargetModels } from "./table-regression.js";

/** A run that predicts, trained to its end. */
export type FinishedRegression = RegressionDocument &
  Readonly<{ targets: NonNullable<RegressionDocument["targets"]> }>;

/** @throws CheckpointError for a run that was stopped, and those of `readRegression` */
export function readFinished(folder: string): FinishedRegression {
  const { targets, ...document } = readRegression(folder);
  if (targets) return { ...document, targets };
  throw new CheckpointError(
    `${folder}: training was stopped before its end\ncontinue it with flowify train --resume ${folder}`,
  );
}

/** Opens the flows of a run that predicts, calls `use` with them, and releases everything. */
export async function withRegression<T>(
  folder: string,
  flags: CommonFlags,
  terminal: Terminal,
  use: (model: TableRegression, document: FinishedRegression) => Promise<T>,
): Promise<T> {
  const document = readFinished(folder);
  const threads = flags.threads ?? document.environment.threads;
  return withExecutor({ device: flags.device, threads }, terminal, async (executor) => {
    const models: TargetModels[] = [];
    const planned = new TableRegression(document, []);
    for (const [t, { value, atom }] of document.targets.entries()) {
      const { kind, atoms } = valueAt(planned.targets, t);
      const atomKind = { classes: atoms.length + 1 };
      models.push({
        value: await loadPart([folder, t, "value"], value, kind, executor),
        ...(atom && { atom: await loadPart([folder, t, "atom"], atom, atomKind, executor) }),
      });
    }
    const model = new TableRegression(document, models);
    try {
      return await use(model, document);
    } finally {
      await model.dispose();
    }
  });
}
