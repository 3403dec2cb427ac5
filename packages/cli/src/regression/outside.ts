import { valueAt } from "../places.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { rangeOf } from "../tables/columns/number.js";
import { countOf } from "../ui/format.js";
import type { Prediction } from "./columns.js";

/** How far beyond the values of training is far, as a share of their range. */
const FAR = 0.1;

/** A given number far beyond all of training, and by how many of its ranges. */
type Outside = Readonly<{ name: string; by: number; value: string; least: string; most: string }>;

/** Finds which given columns of an encoded row lie far outside of training: a model extrapolates there. */
function outsideFinder({ schema, given }: Prediction): (row: Float32Array) => Outside[] {
  const numbers = ownColumns(tableColumns(schema)).filter(
    ({ name, found }) => given.includes(name) && found.range && found.period === undefined,
  );
  return (row) =>
    numbers.flatMap(({ name, found, kind, place }) => {
      const { least, most } = rangeOf(found);
      const { origin = 0 } = found;
      const value = valueAt(row, place);
      const by = Math.max(least - origin - value, value - (most - origin)) / (most - least || 1);
      if (!(by > FAR)) return [];
      const show = (encoded: number): string => kind.show(found, encoded);
      return [{ name, by, value: show(value), least: show(least - origin), most: show(most - origin) }];
    });
}

/** The names of these columns in each row, and a warning about all rows at the end. */
export function watchOutside(prediction: Prediction) {
  const find = outsideFinder(prediction);
  let rows = 0;
  let worst: Outside | undefined;
  return {
    namesOf(row: Float32Array): string {
      const found = find(row);
      if (found.length > 0) rows++;
      for (const each of found) if (!worst || each.by > worst.by) worst = each;
      return found.map(({ name }) => name).join("|");
    },
    /** What to say of the rows so far. */
    warning(): string | undefined {
      if (!worst) return undefined;
      const { name, value, least, most } = worst;
      const have = rows === 1 ? "has" : "have";
      return `${countOf(rows, "row")} ${have} values far outside of training, such as ${value} in column ${JSON.stringify(name)}, of ${least} to ${most} there: do not rely on what is predicted of them`;
    },
  };
}
