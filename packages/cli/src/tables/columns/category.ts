import { nn, numpy as np } from "@jax-js/jax";
import { cellText } from "../../data/table/cell.js";
import { type ColumnKind, MISSING } from "./column-kind.js";

/** Values whose rows are at a distance from all others; the rarer ones count as one. */
const APART = 32;

/** The rank of a value by frequency; one more for all values that training did not have. Null is a missing one. */
export const codesOf = ({
  values = [],
}: Readonly<{ values?: readonly (string | null)[] }>): ReadonlyMap<string | null, number> =>
  new Map(values.map((value, code) => [value, code]));

/** Texts, as ranks by their frequency. */
export const category: ColumnKind = {
  detect: () => true,
  expected: "a text",
  encode(column, { reader, unseen }) {
    const codes = codesOf(column);
    return ({ at: cellAt }, out, place, width) => {
      for (let row = 0, at = place; at < out.length; row++, at += width) {
        const cell = cellAt(row);
        const value = reader.read(cell) === "missing" ? null : cellText(cell);
        const code = codes.get(value);
        if (code === undefined) unseen(column.name, value ?? "");
        out[at] = code ?? codes.size;
      }
      return [];
    };
  },
  decode: ({ values = [] }, number) =>
    values[Math.min(Math.max(Math.round(number), 0), values.length - 1)] ?? null,
  value({ values = [] }, number) {
    const code = Math.max(0, Math.round(number));
    return code < values.length ? (values[code] ?? MISSING) : "another value";
  },
  show: (column, number) => String(category.value(column, number)),
  isNumber: false,
  /** A number a value that is 1 where it is that of the row, and one for all others. The first value, the most frequent one, has none. */
  features({ values = [] }, x) {
    const most = Math.min(values.length, APART);
    const code = np.minimum(x, most).astype(np.int32).reshape([-1]);
    return [nn.oneHot(code, most + 1).slice([], [1, most + 1])];
  },
  isText: true,
  meaning: "a text; empty where it is missing",
};
