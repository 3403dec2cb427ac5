import { NotFiniteError } from "../errors.js";
import { bitsPerDimension, type Flow } from "../flow.js";
import { nth } from "../lists.js";
import type { Likelihood } from "../mass.js";

/**
 * One line of the ledger: what a layer, or the base, contributes to the mean log p in nats, and what it adds to the bits per
 * dimension. These are negative where it gains.
 */
export type LedgerEntry = Readonly<{
  layer: string;
  nats: number;
  bpd: number;
  likelihood: Likelihood;
  exact: boolean;
}>;

/** A likelihood over many examples. */
export type Evaluation = Readonly<{
  examples: number;
  /** Mean log p in nats; a bound in expectation if the flow is not exact. */
  nats: number;
  /** −nats / (n ln 2). */
  bpd: number;
  /** Standard error of `bpd` over the examples; NaN for one example. */
  stdErr: number;
  /** One line per layer and one for the base; nats and bpd sum to the totals. */
  ledger: readonly LedgerEntry[];
}>;

/** log densities of noise that stands in place of numbers, one an example: log p is less by that. */
export type Filled = Readonly<{ filled?: ArrayLike<number> }>;

const RUINED = "The parameters are not usable, or the example is far from the training data";

/**
 * Sums of the rows of contributions, [examples, layers + 1], in double precision. Errors: `NotFiniteError` naming example and
 * layer of the first contribution that is NaN or +Infinity; −Infinity is a density of 0.
 */
export function totals({ ledgerLines }: Flow, rows: Float32Array, examples: number): Float64Array {
  const width = ledgerLines.length;
  const sums = new Float64Array(examples);
  rows.forEach((nats, i) => {
    const example = Math.floor(i / width);
    if (!(nats < Number.POSITIVE_INFINITY)) {
      const layer = ledgerLines[i % width]?.layer as string;
      throw new NotFiniteError(
        0,
        layer,
        `log p of example ${example} is ${nats} from ${layer} on. ${RUINED}`,
      );
    }
    sums[example]! += nats;
  });
  return sums;
}

/** True if no number is NaN: four independent sums are faster than one test per number. */
function holdsFiniteSum(rows: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = rows.length - (rows.length % 4);
  for (let i = 0; i < end; i += 4) {
    a += rows[i]!;
    b += rows[i + 1]!;
    c += rows[i + 2]!;
    d += rows[i + 3]!;
  }
  for (let i = end; i < rows.length; i++) a += rows[i]!;
  return Number.isFinite(a + b + c + d);
}

/**
 * Checks rows of results for `examples` examples, starting at an index. Throws a `NotFiniteError` that names one with
 * NaN.
 */
export const refuseNaN =
  (what: "encode" | "decode") =>
  (rows: Float32Array, examples: number, from: number): void => {
    const first = holdsFiniteSum(rows) ? -1 : rows.findIndex(Number.isNaN);
    if (first < 0) return;
    const example = from + Math.floor((first * examples) / rows.length);
    throw new NotFiniteError(0, what, `${what}: the result for example ${example} holds NaN. ${RUINED}`);
  };

/**
 * Means over examples, in double precision. `rows` has a row of contributions per example, `total` their sums, from which
 * `filled` is taken away, as the line `filled` of the ledger. Errors: `NotFiniteError` naming the first layer whose mean is
 * not finite.
 */
export function summarize(
  flow: Flow,
  rows: Float32Array,
  sumsOfRows: Float64Array,
  filled?: ArrayLike<number>,
): Evaluation {
  const { ledgerLines, dimensions } = flow;
  const total = filled ? sumsOfRows.map((sum, i) => sum - filled[i]!) : sumsOfRows;
  const count = total.length;
  const sums = new Float64Array(ledgerLines.length);
  rows.forEach((nats, i) => {
    sums[i % sums.length]! += nats;
  });
  const ledger = ledgerLines.map(({ layer, ...kind }, k) => {
    const nats = nth(sums, k) / count;
    return { layer, nats, bpd: bitsPerDimension(nats, dimensions), ...kind };
  });
  if (filled) {
    const nats = -Array.from(filled).reduce((sum, log) => sum + log, 0) / count;
    const bpd = bitsPerDimension(nats, dimensions);
    ledger.push({ layer: "filled", nats, bpd, likelihood: "bound", exact: false });
  }
  const broken = ledger.find((line) => !Number.isFinite(line.nats));
  if (broken)
    throw new NotFiniteError(
      0,
      broken.layer,
      `the likelihood is not finite: ${broken.layer} contributes ${broken.nats}. ${RUINED.replace("the example", "an example")}`,
    );
  const nats = ledger.reduce((a, line) => a + line.nats, 0);
  const variance = total.reduce((a, t) => a + (t - nats) ** 2, 0) / (count - 1);
  return {
    examples: count,
    nats,
    bpd: bitsPerDimension(nats, dimensions),
    stdErr: Math.sqrt(variance / count) / (dimensions * Math.LN2),
    ledger,
  };
}
