import { UsageError } from "@flowify/core";
import { keepNamedInput } from "../data/table/sources/standard-input.js";
import { tableFormat, writeOutput } from "../data/written/output.js";
import { rowWriter } from "../data/written/row-writer.js";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { idColumn } from "../detect/score-columns.js";
import { writeFileAtomic } from "../files/atomic.js";
import { defineCommand, type Running } from "../flags/define.js";
import { count, expectNone, type FlagsOf, text, value } from "../flags/flag.js";
import { probability } from "../flags/parsers.js";
import { idFlag, rowFlags, runFolder, whereFlag } from "../flags/shared.js";
import { svgToPng } from "../pictures/png.js";
import { valueAt } from "../places.js";
import { fewestFor } from "../regression/conformal.js";
import { withRegression } from "../regression/open-regression.js";
import { watchOutside } from "../regression/outside.js";
import { AT_ONCE, predictRows } from "../regression/predicted.js";
import { predictedColumn } from "../regression/predicted-cells.js";
import { widthOf } from "../regression/table-regression.js";
import { rowOf } from "../rows.js";
import { expectFree, inputsOfRun } from "../runs/outputs.js";
import {
  type Continued,
  forecast,
  forecastPicture,
  forecastTable,
  PANELS,
  PATHS,
  pathTable,
} from "../series/forecast.js";
import { openEncodedTable } from "../tables/read-rows.js";
import { countOf, formatCount } from "../ui/format.js";

const flags = {
  data: text("FILE", "Table with the rows to predict; the columns to predict may be missing in it"),
  quantiles: value(
    (input: string) => input.split(",").map((each) => probability(each.trim())),
    "P,P",
    "Quantiles to write (default: 0.05,0.95)",
  ),
  interval: value(
    probability,
    "P",
    "Probability of the intervals that held-out rows guarantee; not with --time (default: 0.9)",
  ),
  horizon: count("For a run with --time: rows to forecast (default: as the run was trained)"),
  paths: count("For a run with --time: write so many sample paths in place of quantiles"),
  picture: text("FILE", "For a run with --time: a PNG file of the past and the forecast"),
  id: idFlag,
  where: whereFlag,
  ...rowFlags("predictions", "Seed of the samples that join several columns (default: 0)"),
};

type PredictFlags = FlagsOf<typeof flags>;

export const command = defineCommand({
  args: [runFolder],
  readsData: true,
  flags,
  writesRows: true,
  help: `Writes what may come for each row of a table, by a run of flowify train --predict. Use it where a
single number is not enough: how sure is the prediction, and how large may the value become?

For a column "price" of numbers:
  price mean, price median       the centre of its distribution
  price q0.05, price q0.95       quantiles, those of --quantiles
  price 90 % from, … to          an interval that holds the value of a new row with probability --interval,
                                 whatever the model is (conformal prediction on held-out rows)
For a column "type" of names:
  type most probable, type = a   the most probable value, and the probability of each
  type in 90 %                   the values that are possible, with the same guarantee
If the file has the column as well, log p of its values is written. It is a density per unit for numbers, and a
probability for whole numbers and names. Its rank is the probability of smaller values and half of the probability of the value.

The last column, "outside of training", names the given columns of the row whose values are far from all that training saw.
What is predicted of such a row is a guess, however narrow its interval is. A warning counts these rows.

Several columns are predicted together: later ones are drawn given earlier ones.

A run of flowify train --time continues a table: FILE is the past, and each written row lies behind its last one. Of a
run of several series each is continued, and rows begin with its name. Mean and quantiles are those of sample paths, which keep the dependence between steps. --paths N writes the paths themselves.

EXAMPLES
  flowify predict runs/flats new.csv --out predicted.csv
  flowify predict runs/flats new.csv --quantiles 0.01,0.5,0.99 --interval 0.8
  flowify predict runs/flats new.csv --format jsonl | head
  flowify predict runs/load load.csv --horizon 48 --out forecast.csv --picture forecast.png
  flowify predict runs/load load.csv --paths 100 --out paths.csv`,
  run: predict,
});

const QUANTILES = [0.05, 0.95];
const INTERVAL = 0.9;
/** The given columns of a row that lie far outside of training. */
const OUTSIDE: WrittenColumn = { name: "outside of training", type: "text" };

async function predict({ terminal, host }: Running, flags: PredictFlags, folder: string): Promise<void> {
  const { stdout } = host;
  const { data, out, seed = 0, quantiles = QUANTILES, interval = INTERVAL } = flags;
  if (flags.paths !== undefined)
    expectNone(
      flags,
      ["quantiles"],
      "does not go with --paths, which writes sample paths in place of quantiles\nleave one of them out",
    );
  if (data === undefined)
    throw new UsageError("predict needs rows\nname a table, for example flowify predict runs/flats new.csv");
  const format = tableFormat(flags, "predicted");
  const files = [out, flags.picture].filter((file) => file !== undefined);
  if (files.length > 0) expectFree(files, flags, { inputs: [...inputsOfRun(folder), data] });
  await keepNamedInput([data]);
  await withRegression(folder, flags, terminal, async (model, document) => {
    const { id, where, horizon, paths, picture } = flags;
    const rows = await openEncodedTable(data, { ...document, id, where, warn: terminal.warn });
    const { order } = document.schema;
    if (order) {
      expectNone(
        flags,
        ["interval"],
        "is not for a run with --time: forecasts have no intervals with a guarantee\nask for quantiles with --quantiles P,P",
      );
      const found = await forecast(model, data, rows, {
        horizon,
        seed,
        paths: paths ?? PATHS,
        warn: terminal.warn,
      });
      const table = paths === undefined ? forecastTable(found, quantiles) : pathTable(found);
      const shown: Continued[] = [];
      await writeOutput(out, stdout, async (write) => {
        const writer = rowWriter(format, table.columns, write);
        for await (const own of found.all()) {
          await writer.add(table.rowsOf(own));
          if (picture !== undefined && shown.length < PANELS) shown.push(own);
        }
        await writer.end();
      });
      if (picture !== undefined)
        await writeFileAtomic(picture, await svgToPng(await forecastPicture(found, shown)));
      const several = found.count;
      if (picture !== undefined && several > PANELS)
        terminal.note(`${picture}: the first ${PANELS} of ${formatCount(several)} series`);
      terminal.note(
        `${countOf(found.horizon, "row")} behind ${order.series ? `${several === 1 ? "1 series" : `each of ${formatCount(several)} series`} of ` : ""}${data} forecast by ${countOf(found.paths, "path")}${out === undefined ? "" : `; in ${out}`}`,
      );
      return;
    }
    expectNone(
      flags,
      ["horizon", "paths", "picture"],
      "is for runs of rows that follow each other in time\ntrain one with flowify train --time COLUMN",
    );
    const parts = document.targets.map(({ heldOut: { outwardness } }, t) => {
      const name = document.predict[t] as string;
      const few = fewestFor(interval);
      if (outwardness.length < few)
        terminal.warn(
          `${name}: intervals of ${interval} need at least ${few} held-out rows, the run has ${outwardness.length}: they are left open`,
        );
      return predictedColumn(document, name, outwardness, rows.names.includes(name), { quantiles, interval });
    });
    const written: WrittenColumn[] = [...parts.flatMap(({ columns }) => columns), OUTSIDE];
    const outside = watchOutside(document);
    const width = widthOf(document);
    let count = 0;
    await writeOutput(out, stdout, async (write) => {
      const writer = rowWriter(format, [idColumn(document.schema, id, written), ...written], write);
      for await (const { rows: encoded, names } of rows.rows()) {
        for (let from = 0; from < names.length; from += AT_ONCE) {
          const to = Math.min(names.length, from + AT_ONCE);
          const block = encoded.subarray(from * width, to * width);
          const predicted = await predictRows(model, block, seed);
          const logs = await model.logProb(block);
          await writer.add(
            names
              .slice(from, to)
              .map((name, i) => [
                name,
                ...parts.flatMap(({ cells }, t) =>
                  cells(
                    valueAt(valueAt(predicted, t), i),
                    block[i * width + (model.targets[t]?.place ?? 0)] as number,
                    logs[t]?.[i] ?? Number.NaN,
                  ),
                ),
                outside.namesOf(rowOf(block, i, width)),
              ]),
          );
        }
        count += names.length;
      }
      await writer.end();
    });
    rows.end();
    const warning = outside.warning();
    if (warning) terminal.warn(`${data}: ${warning}`);
    terminal.note(`${countOf(count, "row")} of ${data} predicted${out === undefined ? "" : `; in ${out}`}`);
  });
}
