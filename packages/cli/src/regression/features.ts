import { floats, toHost } from "@flowify/core/layer";
import { jit, numpy as np } from "@jax-js/jax";
import { lagName } from "../data/table/ordered-table.js";
import type { TableSchema } from "../data/table/schema.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { type Features, featuresOf } from "../tables/features.js";
import { columnNamed } from "./columns.js";

/** The numbers of rows that a flow sees of some columns. */
export type GivenFeatures = Readonly<{
  width: number;
  /** From encoded values of the columns, [n, columns] in their order, to [n, width]. */
  of(rows: Float32Array): Promise<Float32Array>;
  /** The same as a jax function, for graphs. */
  f: Features;
}>;

/** The number among features of a column of numbers, −1 for others. */
export function featureOf(schema: TableSchema, names: readonly string[]): (name: string) => number {
  const columns = tableColumns({ columns: names.map((name) => columnNamed(schema, name)) });
  const numbers = ownColumns(columns).filter(({ kind }) => kind.isNumber);
  return (name) => numbers.findIndex((column) => column.name === name);
}

/** Of the columns of a series: their last values as they are, in place of those before how far they are from the last ones. */
function stepsBetween(
  schema: TableSchema,
  names: readonly string[],
  plain: Features,
  width: number,
): Features {
  const { columns = [], lags = 0 } = schema.order ?? {};
  const find = featureOf(schema, names);
  const last = new Int32Array(width);
  const taken = new Float32Array(width);
  for (const column of columns)
    for (let lag = 2; lag <= lags; lag++) {
      const place = find(lagName(column, lag));
      if (place < 0) continue;
      last[place] = find(lagName(column, 1));
      taken[place] = 1;
    }
  if (!taken.includes(1)) return plain;
  return (x) => {
    const c = plain(x);
    return c.sub(np.take(c.ref, np.array(last), 1).mul(np.array(taken)));
  };
}

/** Rows that are computed at once. */
const AT_ONCE = 2 ** 14;

/** Numbers, indicators of missing ones, places on circles, and a number for each value of a category; of series steps in place of older values. */
export function givenFeatures(schema: TableSchema, names: readonly string[]): GivenFeatures {
  const columns = tableColumns({ columns: names.map((name) => columnNamed(schema, name)) });
  const count = ownColumns(columns).length;
  const plain = featuresOf(columns);
  const width = plain(np.zeros([1, count])).shape[1] as number;
  const f = stepsBetween(schema, names, plain, width);
  // each step of a path calls it with as many rows
  const compiled = jit(f);
  return {
    width,
    f,
    async of(rows) {
      const n = rows.length / count;
      const out = new Float32Array(n * width);
      for (let from = 0; from < n; from += AT_ONCE) {
        const to = Math.min(n, from + AT_ONCE);
        const found = compiled(floats(rows.slice(from * count, to * count), [to - from, count]));
        out.set((await toHost(found)).data, from * width);
        found.dispose();
      }
      return out;
    },
  };
}
