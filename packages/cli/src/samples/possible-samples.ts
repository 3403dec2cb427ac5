import type { FlowModel } from "@flowify/core";
import { joined } from "@flowify/core/internal";
import type { TableSchema } from "../data/table/schema.js";
import { valueAt } from "../places.js";
import { flowWidth, tableColumns } from "../tables/columns/kinds.js";
import { type IsPossible, possibleRows } from "../tables/ordered-columns.js";

type Model = Pick<FlowModel, "sampleBlocks">;
type Options = NonNullable<Parameters<FlowModel["sampleBlocks"]>[1]>;

/** Rows whose impossible ones are replaced together, so that a sample is a function of its place. */
const TOGETHER = 256;

/** Times that rows are drawn in place of some: then these are kept, as a flow may have hardly others. */
const MOST = 8;

/** What lies between the seed of all rows and those of rows in place of some. */
const APART = 0x5eed_0001;

/**
 * Samples of the rows of a table, a block at a time. A row in which a number is above one that it never is above in training
 * rows is drawn again: the distribution is p(x) / P(possible) where a row is possible.
 */
export async function* possibleSamples(
  model: Model,
  schema: TableSchema | undefined,
  count: number,
  options: Options = {},
): AsyncGenerator<Float32Array> {
  const isPossible = options.mode === "deterministic" ? undefined : schema && possibleRows(schema);
  if (!isPossible || !schema) {
    yield* model.sampleBlocks(count, options);
    return;
  }
  const { from = 0, to: _, ...drawing } = options;
  const width = flowWidth(tableColumns(schema));
  const size = TOGETHER * width;
  let place = from / TOGETHER;
  for await (const rows of model.sampleBlocks(count, options)) {
    for (let at = 0; at < rows.length; at += size, place++)
      await replace(rows.subarray(at, at + size), width, isPossible, async (time) => {
        const seed = ((options.seed ?? 0) + APART + MOST * place + time) >>> 0;
        return joined(await allOf(model.sampleBlocks(TOGETHER, { ...drawing, seed })));
      });
    yield rows;
  }
}

/** All samples. */
export const possibleRowsOf = async (...args: Parameters<typeof possibleSamples>): Promise<Float32Array> =>
  joined(await allOf(possibleSamples(...args)));

/** Puts rows of further draws in the place of impossible ones. */
async function replace(
  rows: Float32Array,
  width: number,
  isPossible: IsPossible,
  draw: (time: number) => Promise<Float32Array>,
): Promise<void> {
  const starts = (all: Float32Array, possible: boolean): number[] =>
    Array.from({ length: all.length / width }, (_, row) => row * width).filter(
      (start) => isPossible(all, start) === possible,
    );
  let lacking = starts(rows, false);
  for (let time = 0; lacking.length > 0 && time < MOST; time++) {
    const others = await draw(time);
    const spare = starts(others, true);
    lacking.slice(0, spare.length).forEach((start, i) => {
      const from = valueAt(spare, i);
      rows.set(others.subarray(from, from + width), start);
    });
    lacking = lacking.slice(spare.length);
  }
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
