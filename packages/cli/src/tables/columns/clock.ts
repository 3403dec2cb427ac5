import * as v from "valibot";
import { SECONDS_PER_DAY, timeText } from "../../data/table/cell.js";
import { circleInGraph, onCircle, putOnCircle } from "./circle.js";
import { type ColumnKind, MISSING, readNumbers } from "./column-kind.js";

const schema = v.strictObject({ kind: v.literal("clock"), name: v.string() });

/** The time of day, in seconds since midnight: a place on a circle, so that 23:59 lies beside 00:00. */
export const clock: ColumnKind<v.InferOutput<typeof schema>> = {
  kind: "clock",
  schema,
  detect: ({ name }, isTime) => (isTime ? { kind: "clock", name } : undefined),
  width: () => 2,
  expected: "seconds since midnight",
  encode:
    (_, { reader }) =>
    (cells, out, first, width) =>
      readNumbers(cells, "number", reader, out.length / width, (row, value) => {
        putOnCircle(value, SECONDS_PER_DAY, out, row * width + first);
      }),
  graph: (g, _, input) => circleInGraph(g, input, SECONDS_PER_DAY),
  isText: false,
  meaning: "seconds since midnight UTC; NaN where the time is missing",
  number: (_, numbers) => onCircle(numbers, SECONDS_PER_DAY),
  show(_, numbers) {
    const seconds = onCircle(numbers, SECONDS_PER_DAY);
    if (seconds === undefined) return MISSING;
    const text = timeText(Math.round(seconds) / SECONDS_PER_DAY).slice(11, 19);
    return text.endsWith(":00") ? text.slice(0, 5) : text;
  },
};
