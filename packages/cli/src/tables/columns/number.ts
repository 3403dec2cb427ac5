import * as v from "valibot";
import { type ColumnKind, MISSING, readNumbers, type WriteNumbers } from "./column-kind.js";
import { type GraphBuilder, toFloat } from "./graph-builder.js";

const finite = v.pipe(v.number(), v.finite());

/** What columns of numbers and of dates have in common. */
export const centred = {
  name: v.string(),
  /** What is subtracted, so that float32 keeps the digits. */
  origin: finite,
  /** In place of a missing value, after the subtraction. */
  fill: finite,
  /** Training rows lacked values: a second number is 1 where the value is missing, else 0. */
  indicator: v.boolean(),
};

const schema = v.strictObject({ kind: v.literal("number"), ...centred });
type NumberColumn = v.InferOutput<typeof schema>;
type Centred = Omit<NumberColumn, "kind">;

/** Digits of a float32 that are sure, and those that `toFixed` may have. */
const DIGITS = { sure: 6, most: 20 } as const;

export const centredOf = ({
  name,
  range,
  origin = 0,
  missing,
}: Parameters<ColumnKind<NumberColumn>["detect"]>[0]): Centred => ({
  name,
  origin,
  fill: Math.fround(range!.mean - origin),
  indicator: missing > 0,
});

export const widthOfCentred = ({ indicator }: Centred): number => (indicator ? 2 : 1);

/** Writes the value less its origin, and the indicator. */
export const writeCentred =
  (
    kind: "number" | "date",
    { name, origin, fill, indicator }: Centred,
    { reader, lacking }: Parameters<ColumnKind<NumberColumn>["encode"]>[1],
  ): WriteNumbers =>
  (column, out, first, width) =>
    readNumbers(column, kind, reader, out.length / width, (row, value) => {
      const at = row * width + first;
      out[at] = Number.isNaN(value) ? fill : value - origin;
      if (!Number.isNaN(value)) return;
      if (indicator) out[at + 1] = 1;
      else lacking(name);
    });

/** The same in a graph. */
export function graphOfCentred(g: GraphBuilder, { origin, fill, indicator }: Centred, input: string): string {
  const missing = g.node("IsNaN", [input]);
  const number = toFloat(g, g.node("Sub", [input, g.doubles(origin)]));
  const value = g.node("Where", [missing, g.floats([fill]), number]);
  return indicator ? g.node("Concat", [value, toFloat(g, missing)], { axis: 1 }) : value;
}

export const numberOfCentred = ({ origin, indicator }: Centred, numbers: Float32Array): number | undefined =>
  indicator && Math.round(numbers[1]!) === 1 ? undefined : numbers[0]! + origin;

/** Numbers, as they are. */
export const number: ColumnKind<NumberColumn> = {
  kind: "number",
  schema,
  detect: (column) =>
    column.range && column.type !== "date" ? { kind: "number", ...centredOf(column) } : undefined,
  width: widthOfCentred,
  expected: "a number",
  encode: (column, findings) => writeCentred("number", column, findings),
  graph: graphOfCentred,
  isText: false,
  meaning: "a number; NaN where it is missing",
  number: numberOfCentred,
  show(column, numbers) {
    const value = numberOfCentred(column, numbers);
    if (value === undefined) return MISSING;
    const size = Math.abs(numbers[0]!);
    const decimals = DIGITS.sure - (size > 0 ? Math.floor(Math.log10(size)) : 0);
    return String(Number(value.toFixed(Math.min(DIGITS.most, Math.max(0, decimals)))));
  },
};
