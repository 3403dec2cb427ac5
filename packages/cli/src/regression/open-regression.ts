import { CheckpointError } from "@flowify/core";
import { withExecutor } from "../executors.js";
import type { CommonFlags } from "../flags/shared.js";
import type { Terminal } from "../ui/terminal.js";
import { Regression } from "./regression.js";
import { loadMembers, type RegressionDocument, readRegression } from "./regression-file.js";
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
    for (const [t, { flows, lines, pool }] of document.targets.entries()) {
      const load = async (part: "value" | "atom"): Promise<Regression> => {
        const members = await loadMembers([folder, t, part], executor, flows[part]);
        const target = planned.targets[t];
        const kind = part === "value" ? target?.kind : { classes: (target?.atoms.length ?? 0) + 1 };
        if (kind?.classes !== undefined && members[0]?.flow.chain.layers[0]?.name !== "conditionalClasses")
          throw new CheckpointError(
            `${folder}: an earlier version took the values of ${target?.name} for ordered\ntrain it again`,
          );
        const mixed = part === "value" ? { ...(lines && { lines }), ...(pool && { pool }) } : {};
        return new Regression(members, {
          kind: kind ?? {},
          executor,
          ...mixed,
        });
      };
      const atom = flows.atom > 0 ? await load("atom") : undefined;
      models.push({ value: await load("value"), ...(atom && { atom }) });
    }
    const model = new TableRegression(document, models);
    try {
      return await use(model, document);
    } finally {
      await model.dispose();
    }
  });
}
