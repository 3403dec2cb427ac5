import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { writeFileAtomic } from "../files/atomic.js";
import { diagonalChart } from "../pictures/diagonal-chart.js";
import { fanChart } from "../pictures/fan-chart.js";
import { pairPlot } from "../pictures/pair-plot.js";
import { svgToPng } from "../pictures/png.js";
import { rankChart } from "../pictures/rank-chart.js";
import { rowsIn } from "../rows.js";
import { quantile } from "../statistics.js";
import { coverageBand, type Diagnosis } from "./diagnose.js";
import type { Rows } from "./filled-rows.js";
import type { Posterior } from "./posterior.js";
import type { Support } from "./priors.js";

type PicturesOptions = {
  /** Of `diagnose()`: draws `ranks` and `coverage`. */
  diagnosis?: Diagnosis;
  /** An observation: draws `pairs` and `predictive`. */
  observed?: ArrayLike<number>;
  /** The parameters that the observation comes from, to mark them. */
  truth?: ArrayLike<number>;
  /** Samples of another posterior of the observation, beside ours. */
  reference?: readonly ArrayLike<number>[];
  /** Names of the parameters. Default θ1, θ2, … */
  names?: readonly string[];
  /** Samples of the posterior. Default 4,000. */
  draws?: number;
  seed?: number;
  /** Where to write each as NAME.svg and NAME.png. Default nowhere. */
  folder?: string;
};

/** Pictures in SVG. */
type Pictures = Partial<Record<"ranks" | "coverage" | "pairs" | "predictive", string>>;

/** Parameters that are shown, and simulations from samples of the posterior. */
const [SHOWN, AGAIN] = [8, 400] as const;
/** Longest observation whose numbers are drawn in pairs. */
const IN_PAIRS = 4;
/** Quantiles near which axes end, and the space beside them. */
const [OUTSIDE, PAD] = [0.005, 0.06] as const;

/**
 * Draws whether a posterior can be trusted, and what it says of an observation:
 *
 * - `ranks`: histograms of simulation-based calibration, with the band of 99 % of uniform counts
 * - `coverage`: expected coverage against its level, with a band of 99 %
 * - `pairs`: samples of the parameters one by one and in pairs, in lines that hold 50, 80 and 95 %
 * - `predictive`: what the simulator makes of samples of the posterior, beside the observation
 *
 * @returns the first two where there is a `diagnosis`, the others where there is an observation
 * @throws UsageError for options that make no sense; DataError for rows of another length
 *
 * @example
 * ```ts
 * import { pictures, posterior, uniform } from "flowify/posterior";
 * const found = await posterior({
 *   prior: uniform(-2, 2),
 *   simulate: ([theta = 0], random) => [theta ** 2 + 0.1 * random.normal()],
 *   simulations: 500,
 *   epochs: 3,
 *   ensemble: 1,
 *   seed: 7,
 * });
 * const { pairs = "" } = await pictures(found, { observed: [1], truth: [-1] });
 * console.log(pairs.startsWith("<svg"));
 * await found.dispose();
 * // true
 * ```
 */
export async function pictures(found: Posterior, options: PicturesOptions): Promise<Pictures> {
  checkOptions("pictures", schemas, options);
  const { diagnosis, observed, folder } = options;
  if (!diagnosis && !observed)
    throw new UsageError(
      "pictures: expected a diagnosis, an observation, or both: { diagnosis: await found.diagnose(), observed }",
    );
  const { size } = found.prior;
  const { names = Array.from({ length: size }, (_, k) => `θ${k + 1}`) } = options;
  if (names.length !== size)
    throw new UsageError(`pictures: expected ${size} names, one a parameter, got ${names.length}`);
  const drawn: Pictures = {
    ...(diagnosis && (await diagnosisPictures(diagnosis, names))),
    ...(observed && (await observationPictures(found, observed, names, options))),
  };
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    for (const [name, svg] of Object.entries(drawn)) {
      await writeFileAtomic(join(folder, `${name}.svg`), svg);
      await writeFileAtomic(join(folder, `${name}.png`), await svgToPng(svg));
    }
  }
  return drawn;
}

const schemas = {
  diagnosis: o.record,
  observed: o.anything,
  truth: o.anything,
  reference: o.anything,
  names: o.anything,
  draws: o.integer(1),
  seed: o.seed,
  folder: o.text,
};

async function diagnosisPictures(
  { ranks, coverage, simulations, draws, largestGap }: Diagnosis,
  names: readonly string[],
): Promise<Pictures> {
  return {
    ranks: await rankChart({
      title: "Ranks of the parameters among samples of their posteriors",
      subtitle: `${simulations} simulations, ${draws} samples each; grey: where 99 % of uniform counts lie`,
      panels: ranks.map((each, k) => ({ ...each, name: `${names[k]}, p = ${each.p.toFixed(3)}` })),
    }),
    coverage: await diagonalChart({
      title: "Expected coverage",
      subtitle: `largest gap ${(100 * largestGap).toFixed(1)} %`,
      x: "level of the region",
      y: "parameters inside",
      lines: [
        {
          name: "",
          points: [[0, 0], ...coverage.map(({ level, covered }) => [level, covered] as const), [1, 1]],
        },
      ],
      band: (level) => coverageBand(level, simulations),
    }),
  };
}

async function observationPictures(
  found: Posterior,
  observed: ArrayLike<number>,
  names: readonly string[],
  { truth, reference, draws = 4000, seed = 0 }: PicturesOptions,
): Promise<Pictures> {
  const { size, support } = found.prior;
  for (const row of [...(truth ? [truth] : []), ...(reference ?? [])])
    if (row.length !== size) throw new DataError(`pictures: expected ${size} parameters, got ${row.length}`);
  const samples = await found.sample(draws, { observed, seed });
  const again = await found.predictive(AGAIN, { observed, seed });
  const left = size > SHOWN ? `, the first ${SHOWN} of ${size} parameters` : "";
  return {
    pairs: await pairsOf({
      title: "Posterior",
      subtitle: `${draws} samples, lines around 50, 80 and 95 %${left}`,
      names,
      support,
      groups: [
        { name: "posterior", rows: samples },
        ...(reference ? [{ name: "reference", rows: reference }] : []),
      ],
      mark: truth && { name: "true parameters", row: truth },
    }),
    predictive: await predictivePicture(observed, again, found.rows),
  };
}

/** What the simulator makes of samples of the posterior, and the observation. */
function predictivePicture(
  observed: ArrayLike<number>,
  again: readonly Float64Array[],
  rows: Rows | undefined,
): Promise<string> {
  const size = rows ? rows[1] : observed.length;
  const title = "Simulated again from the posterior";
  const inPairs = {
    title,
    subtitle: `${again.length} simulations, lines around 50, 80 and 95 %`,
    names: Array.from({ length: size }, (_, k) => `x${k + 1}`),
  };
  if (rows) {
    const all = again.flatMap((each) => rowsIn(each, size));
    const groups = [
      { name: "rows simulated again", rows: all },
      { name: "rows of the observation", rows: rowsIn(Float64Array.from(observed), size) },
    ];
    return pairsOf({ ...inPairs, groups, mark: undefined });
  }
  if (size <= IN_PAIRS)
    return pairsOf({
      ...inPairs,
      groups: [{ name: "simulated again", rows: again }],
      mark: { name: "observation", row: observed },
    });
  const ahead = Array.from({ length: size }, (_, k) => {
    const sorted = Float64Array.from(again, (row) => row[k] as number).sort();
    return { time: k + 1, quantile: (p: number) => quantile(sorted, p) };
  });
  const actual = Array.from(observed, (value, k) => ({ time: k + 1, value }));
  return fanChart({
    title: `${title}: bands of 50, 80 and 95 %, and the observation`,
    time: "number in the observation",
    isDate: false,
    isWhole: true,
    panels: [{ name: "value", past: [], ahead, actual }],
  });
}

type PairsOptions = Readonly<{
  title: string;
  subtitle: string;
  names: readonly string[];
  support?: readonly Support[];
  groups: readonly Readonly<{ name: string; rows: readonly ArrayLike<number>[] }>[];
  mark: Readonly<{ name: string; row: ArrayLike<number> }> | undefined;
}>;

function pairsOf({ names, support, groups, mark, ...texts }: PairsOptions): Promise<string> {
  const shown = names.slice(0, SHOWN);
  const columns = shown.map((name, k) => {
    const ends = groups.map(({ rows }) => {
      const sorted = Float64Array.from(rows, (row) => row[k] as number).sort();
      return [quantile(sorted, OUTSIDE), quantile(sorted, 1 - OUTSIDE)] as const;
    });
    const marked = mark ? [mark.row[k] as number] : [];
    const [low, high] = [
      Math.min(...ends.map(([a]) => a), ...marked),
      Math.max(...ends.map(([, b]) => b), ...marked),
    ];
    const pad = PAD * (high - low) || 0.5;
    const [first = Number.NEGATIVE_INFINITY, last = Number.POSITIVE_INFINITY] = support?.[k] ?? [];
    return { name, range: [Math.max(low - pad, first), Math.min(high + pad, last)] as const };
  });
  return pairPlot({
    ...texts,
    columns,
    groups: groups.map(({ name, rows }) => ({
      name,
      rows: rows.flatMap((row) => shown.map((_, k) => row[k] as number)),
    })),
    mark,
  });
}
