import { UsageError } from "@flowify/core";
import { examplesOf, firstImages, nounOf } from "../data/image-set.js";
import { judgeReached, type Reached } from "../quality/reached.js";
import { rowsIn } from "../rows.js";
import { imagesFor, type SavedRun } from "../runs/open-run.js";
import { likeliest, meanAndSpread } from "../statistics.js";
import { type Draw, nearestDraws } from "./nearest-draws.js";

/** Wanted outputs by place. */
export type Wanted = ReadonlyMap<number, number>;

/** As `--logits` has them. */
export const wantedText = (wanted: Wanted | undefined): string | undefined =>
  wanted && [...wanted].map(([place, value]) => `${place}:${value}`).join(",");

/** Training examples whose outputs are looked at, and how many of the nearest lend the outputs that nobody asked for. */
const LOOKED_AT = 5000;
const NEAREST = 32;

/** Outputs that samples are asked for, and what the network says of these samples. */
export type Asked = Readonly<{
  /** Outputs of each sample, one after another. */
  given: Float32Array;
  /** Of some samples for these outputs, each time, those whose own outputs come nearest to them. */
  nearest<T extends Uint8Array | Float32Array>(draw: Draw<T>, seed: number): Promise<T>;
  /** The place of the largest of them, for each sample. */
  classes: readonly number[];
  /** Wanted outputs that no example reaches, a line each. */
  warnings: readonly string[];
  /** Samples, integers 0 to 255 or rows, to those that reach the outputs and those whose largest output is the one asked for. */
  judge(examples: Uint8Array | Float32Array): Promise<Reached & { recognized: number | undefined }>;
}>;

/**
 * Outputs for so many samples: wanted values at their places, and at the others those of training examples whose outputs come
 * nearest to the wanted ones.
 *
 * @throws UsageError for a run without a network that is one step, or a place that it does not have
 */
export async function askFor(run: SavedRun, wanted: Wanted, count: number): Promise<Asked> {
  const { outputsOf, config } = run;
  if (!config.opaque || !outputsOf)
    throw new UsageError(
      "--logits: this is no run of a network that is one step\nconvert a network with --grain network, and train with --from",
    );
  const { seen } = config.opaque;
  const outside = [...wanted.keys()].find((place) => place >= seen);
  if (outside !== undefined)
    throw new UsageError(`--logits: there is no output ${outside}, expected 0 to ${seen - 1}`);
  const all = await imagesFor(run, { split: "train" });
  const outputs = await outputsOf(examplesOf(firstImages(all, Math.min(LOOKED_AT, all.count))));
  const distance = (row: Float32Array): number =>
    [...wanted].reduce((sum, [place, value]) => sum + ((row[place] ?? 0) - value) ** 2, 0);
  const rows = rowsIn(outputs, seen);
  const near = rows
    .map((row) => ({ row, far: distance(row) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, NEAREST)
    .map(({ row }) => row.map((value, place) => wanted.get(place) ?? value));
  const given = new Float32Array(count * seen);
  for (let i = 0; i < count; i++) given.set(near[i % near.length] ?? [], i * seen);
  const classes = rowsIn(given, seen).map(likeliest);
  const spreads = Array.from(
    { length: seen },
    (_, place) => meanAndSpread(rows.map((row) => row[place] ?? Number.NaN)).std || 1,
  );
  const far = async (examples: Uint8Array | Float32Array): Promise<Float64Array> => {
    const wantedRows = rowsIn(given, seen);
    return Float64Array.from(rowsIn(await outputsOf(examples), seen), (row, i) =>
      row.reduce((sum, value, k) => sum + ((value - (wantedRows[i]?.[k] ?? 0)) / (spreads[k] ?? 1)) ** 2, 0),
    );
  };
  return {
    given,
    nearest: (draw, own) => nearestDraws(draw, far, own),
    classes,
    warnings: unreached(wanted, rows, nounOf(all)),
    async judge(examples) {
      const found = await outputsOf(examples);
      const places = [...wanted.keys()];
      const there = rowsIn(found, seen).flatMap((row) => places.map((place) => row[place] ?? Number.NaN));
      const reached = judgeReached(
        Float32Array.from(wanted.values()),
        Float32Array.from(there),
        Float32Array.from(there),
      );
      const right = rowsIn(found, seen).filter((row, i) => likeliest(row) === classes[i]).length;
      return { ...reached, recognized: seen > 1 ? right : undefined };
    },
  };
}

/** Sums of a row that count as 1. */
const NEAR_ONE = 1e-3;

/** Wanted outputs beyond those of all examples, each with a value near it that is reached. */
export function unreached(wanted: Wanted, rows: readonly Float32Array[], noun = "images"): string[] {
  const sumOf = (row: Float32Array): number => row.reduce((sum, value) => sum + value, 0);
  const areProbabilities =
    (rows[0]?.length ?? 0) > 1 &&
    rows.every((row) => row.every((value) => value >= 0) && Math.abs(sumOf(row) - 1) < NEAR_ONE);
  const beyond = [...wanted].flatMap(([place, value]) => {
    const found = rows.map((row) => row[place] ?? Number.NaN).sort((a, b) => a - b);
    const [least = value, most = value] = [found[0], found.at(-1)];
    if (value >= least && value <= most) return [];
    const [low, high] = [threeDigits(least, Math.ceil), threeDigits(most, Math.floor)];
    return `--logits ${place}:${value}: output ${place} of ${rows.length} training ${noun} lies between ${low} and ${high}${
      areProbabilities ? " (the outputs are probabilities)" : ""
    }, and the network may never reach ${value}; try --logits ${place}:${value < least ? low : high}`;
  });
  const asked = [...wanted.values()].reduce((sum, value) => sum + value, 0);
  return beyond.length === 0 && areProbabilities && asked > 1 + NEAR_ONE
    ? [
        `--logits: ${[...wanted.values()].join(" + ")} is more than 1, and the outputs are probabilities: no input has them; try smaller ones`,
      ]
    : beyond;
}

/** Three digits, rounded to one side. */
function threeDigits(value: number, round: (value: number) => number): number {
  const scale = 10 ** (2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return Number((round(value * scale) / scale).toPrecision(3));
}

/** What the network says of samples. */
export function judgedLines({
  reached,
  missed,
  rounded,
  within,
  recognized,
}: Awaited<ReturnType<Asked["judge"]>>): string[] {
  const count = reached.length + missed.length;
  const far = rounded.reduce((sum, value) => sum + value, 0) / count;
  return [
    ...(recognized === undefined
      ? []
      : [`the network recognizes ${recognized} of ${count} as asked (the largest output)`]),
    `reached: ${reached.length} of ${count}, within ${within.toPrecision(2)}; on average ${far.toPrecision(2)} away`,
  ];
}
