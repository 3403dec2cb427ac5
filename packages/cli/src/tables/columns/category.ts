import * as v from "valibot";
import { cellText } from "../../data/table/cell.js";
import { type ColumnKind, MISSING } from "./column-kind.js";
import { toFloat } from "./graph-builder.js";

/** Values with a number each; the others share one. */
const VALUES = 32;

const schema = v.strictObject({ kind: v.literal("text"), name: v.string(), values: v.array(v.string()) });

/**
 * Texts: a number a value that is 1 where it is that of the row, and one for all other values. The first value, the most
 * frequent one, has none.
 */
export const category: ColumnKind<v.InferOutput<typeof schema>> = {
  kind: "text",
  schema,
  detect: ({ name, range, values = [] }) =>
    range ? undefined : { kind: "text", name, values: values.slice(0, VALUES).map((value) => value ?? "") },
  width: ({ values }) => Math.max(1, values.length),
  expected: "a text",
  encode({ name, values }, { reader, unseen }) {
    const known = new Map(values.map((value, code) => [value, code]));
    return ({ at: cellAt }, out, first, width) => {
      const placeOf = (row: number): number => {
        const cell = cellAt(row);
        const value = reader.read(cell) === "missing" ? "" : cellText(cell);
        const found = known.get(value);
        if (found === undefined && values.length < VALUES) unseen(name, value);
        return found ?? values.length;
      };
      const count = out.length / width;
      for (let row = 0, at = first; row < count; row++, at += width) {
        const place = placeOf(row);
        if (place > 0) out[at + place - 1] = 1;
      }
      return [];
    };
  },
  graph(g, { values }, input) {
    const known = toFloat(g, g.node("Equal", [input, g.words(values)]));
    const any = g.node("ReduceSum", [known, g.sizes(1)], { keepdims: 1 });
    const other = g.node("Sub", [g.floats([1]), any]);
    if (values.length <= 1) return other;
    const rest = g.node("Slice", [known, g.sizes(1), g.sizes(values.length), g.sizes(1)]);
    return g.node("Concat", [rest, other], { axis: 1 });
  },
  isText: true,
  meaning: "a text; empty where it is missing",
  number: () => undefined,
  show({ values }, numbers) {
    const code = numbers.findIndex((each) => Math.round(each) === 1) + 1;
    if (code >= values.length) return "another value";
    return values[code] || MISSING;
  },
};
