import { type ConditionOption, type ExamplesIn, expectCondition } from "../examples.js";
import type { Flow } from "../flow.js";

/** Contribution of a layer to log p of an example, in nats, compared with other examples. */
export type Explanation = Readonly<{
  /** A line of the ledger, or `total`. */
  layer: string;
  nats: number;
  /** Mean and standard deviation over the others. */
  mean: number;
  std: number;
  /**
   * (mean − nats) / std: how much less likely the example is in this layer than the others; 0 if the contribution is
   * the same for all.
   */
  deviations: number;
}>;

/** What is needed of a model: the names of its ledger's lines, its condition, and the ledgers of examples. */
type Scorer = Readonly<{
  flow: Pick<Flow, "ledgerLines" | "condition">;
  score(
    batches: Iterable<ExamplesIn>,
    options: { seed: number } & ConditionOption,
  ): AsyncIterable<Readonly<{ logProb: Float64Array; ledger: Float32Array }>>;
}>;

/** Relative spread below which a contribution counts as the same for all examples. */
const ROUNDING = 1e-6;

/** The ledger of one example compared with others: one line per layer, and the total at the end. */
export async function explainExample(
  model: Scorer,
  example: ExamplesIn,
  others: ExamplesIn,
  {
    seed = 0,
    condition,
    others: conditions = condition,
  }: { seed?: number; others?: ConditionOption["condition"] } & ConditionOption,
): Promise<Explanation[]> {
  // a computed condition need not be given
  if (!model.flow.condition?.computed) expectCondition("explain", model.flow.condition, condition);
  const names = [...model.flow.ledgerLines.map(({ layer }) => layer), "total"];
  const [own = []] = await ledgers(model, example, { seed, condition });
  const all = await ledgers(model, others, { seed, condition: conditions });
  return names.map((layer, i) => {
    const nats = own[i]!;
    const values = all.map((row) => row[i]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const varies = std > ROUNDING * Math.abs(mean);
    return { layer, nats, mean, std, deviations: varies ? (mean - nats) / std : 0 };
  });
}

/** The contributions of every layer, and their sum, for each example. */
async function ledgers(
  model: Scorer,
  examples: ExamplesIn,
  options: { seed: number } & ConditionOption,
): Promise<number[][]> {
  const lines = model.flow.ledgerLines.length;
  const rows: number[][] = [];
  for await (const { logProb, ledger } of model.score([examples], options))
    logProb.forEach((nats, example) => {
      rows.push([...ledger.subarray(example * lines, (example + 1) * lines), nats]);
    });
  return rows;
}
