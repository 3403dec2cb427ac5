import { writeDetector } from "../detect/detector-file.js";
import { fitTableDetector } from "../detect/table-detector.js";
import type { CommonFlags } from "../flags/shared.js";
import { withModel } from "../runs/open-run.js";
import { allRows } from "../tables/encoded-table.js";
import { openEncodedTable } from "../tables/read-rows.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

/** Fits a detector to the training rows of a run's table by the flow of its best state, calibrates it on the test rows, and keeps it in the run's folder. */
export function fitRunDetector(folder: string, flags: CommonFlags, terminal: Terminal): Promise<void> {
  return withModel(folder, flags, terminal, async (model, { config, step }) => {
    const { data, training, contaminated = false } = config;
    const { schema, where } = data.reading!;
    const table = await openEncodedTable(data.name, { schema: schema!, where, warn: () => {} });
    const { rows, numbers, names } = await allRows(table);
    const columns = schema!.columns.filter(({ use }) => use === "model");
    const rowCount = data.examples + data.validation;
    const hasIds = schema!.columns.some(({ use }) => use === "id");
    const fitted = await fitTableDetector(
      model,
      rows,
      columns,
      { contaminated, seed: training.seed },
      rowCount,
      {
        numbers,
        names: hasIds ? names : undefined,
      },
    );
    await writeDetector(folder, step, fitted);
    terminal.note(
      `detector of ${formatCount(rowCount)} rows, calibrated on ${formatCount(fitted.calibrations.combination.scores.length)} test rows; flowify score ${folder} FILE finds odd rows`,
    );
  });
}
