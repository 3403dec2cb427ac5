import { floats, toHost } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import type { TableSchema } from "../data/table/schema.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { type Features, featuresOf } from "../tables/features.js";
import { columnNamed } from "./columns.js";

/** The numbers of rows that a flow sees of some columns. */
export type GivenFeatures = Readonly<{
  /** Numbers of a row. */
  width: number;
  /** From encoded values of the columns, [n, columns] in their order, to [n, width]. */
  of(rows: Float32Array): Promise<Float32Array>;
  /** The same as a jax function, for graphs. */
  f: Features;
}>;

/** Rows that are computed at once. */
const AT_ONCE = 2 ** 14;

/** Numbers, indicators of missing ones, places on circles, and a number for each value of a category. */
export function givenFeatures(schema: TableSchema, names: readonly string[]): GivenFeatures {
  const columns = tableColumns({ columns: names.map((name) => columnNamed(schema, name)) });
  const count = ownColumns(columns).length;
  const f = featuresOf(columns);
  const width = f(np.zeros([1, count])).shape[1] as number;
  return {
    width,
    f,
    async of(rows) {
      const n = rows.length / count;
      const out = new Float32Array(n * width);
      for (let from = 0; from < n; from += AT_ONCE) {
        const to = Math.min(n, from + AT_ONCE);
        const found = f(floats(rows.slice(from * count, to * count), [to - from, count]));
        out.set((await toHost(found)).data, from * width);
        found.dispose();
      }
      return out;
    },
  };
}
