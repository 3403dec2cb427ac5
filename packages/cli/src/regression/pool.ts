import type { FlowModel } from "@flowify/core";
import { valueAt } from "../places.js";
import { rowOf, takeRows } from "../rows.js";
import { logSumExp, meanOf } from "../statistics.js";
import { among, type Examples } from "./lines.js";
import type { splitOf } from "./network.js";

/** How much of the way the median of each flow may move to the mean of their medians. */
const CENTRED = [0, 0.5, 1] as const;

/** What is added to the values of each flow, for each row of a condition: so much of the way to the mean of their medians. */
export async function shiftsOf(
  flows: readonly FlowModel[],
  condition: Float32Array,
  centred: number,
): Promise<Float64Array[]> {
  const width = flows[0]?.flow.condition?.shape[0] ?? 1;
  const count = condition.length / width;
  if (centred === 0 || flows.length < 2) return flows.map(() => new Float64Array(count));
  // many values are drawn for each row: its medians are computed once
  const firsts: number[] = [];
  const which = Uint32Array.from({ length: count }, (_, i) => {
    const first = firsts.at(-1);
    const isNew = first === undefined || !isSameRow(condition, width, first, i);
    return (isNew ? firsts.push(i) : firsts.length) - 1;
  });
  const rows = takeRows(condition, width, firsts);
  const medians = await Promise.all(
    flows.map((model) => model.decode(new Float32Array(firsts.length), { condition: rows })),
  );
  const middle = firsts.map((_, row) => meanOf(medians.map((all) => valueAt(all, row))));
  return medians.map((all) =>
    Float64Array.from(which, (row) => centred * (valueAt(middle, row) - valueAt(all, row))),
  );
}

const isSameRow = (rows: Float32Array, width: number, a: number, b: number): boolean =>
  rowOf(rows, a, width).every((value, k) => value === rows[b * width + k]);

/**
 * How much of the way the medians of flows move to their mean, 0 to 1: that under which examples are likeliest which pairs of flows both
 * held out. Each flow is right about its own errors, so their mixture is too wide where these average out.
 */
export async function centringOf(
  flows: readonly FlowModel[],
  examples: Examples,
  splits: readonly ReturnType<typeof splitOf>[],
): Promise<number> {
  const pairs = flows.slice(1).map((model, k) => ({
    members: [valueAt(flows, k), model],
    held: among(examples, valueAt(splits, k).shared),
  }));
  let best = { centred: 0, log: Number.NEGATIVE_INFINITY };
  for (const centred of CENTRED) {
    let sum = 0;
    // of a dozen examples, two flows may share none
    for (const { members, held } of pairs.filter((pair) => pair.held.values.length > 0)) {
      const shifts = await shiftsOf(members, held.condition, centred);
      const logs = await Promise.all(
        members.map((model, k) =>
          model.logProb(
            held.values.map((value, i) => value - valueAt(valueAt(shifts, k), i)),
            { condition: held.condition },
          ),
        ),
      );
      for (const i of held.values.keys())
        sum += logSumExp(
          logs.map((log) => valueAt(log, i)),
          members.length,
        );
    }
    if (sum > best.log) best = { centred, log: sum };
  }
  return best.centred;
}
