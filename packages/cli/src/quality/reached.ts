import { ascendingPlaces, rowsIn } from "../rows.js";
import { meanOf } from "../statistics.js";

/** Largest accepted difference from the requested outputs, relative to the largest of them. */
const CLOSE = 0.05;

/** Which inputs have the requested outputs, and by how much the others miss them. */
export type Reached = Readonly<{
  /** The largest difference that counts as reached. */
  within: number;
  /** Indices of the inputs whose pictures have the requested outputs. */
  reached: readonly number[];
  /** Indices of the others, the nearest first. */
  missed: readonly number[];
  /** Largest difference from the requested outputs, for each input as computed and as a picture of 256 levels. */
  exact: Float64Array;
  rounded: Float64Array;
}>;

/**
 * Judges inputs by the outputs of their pictures: an input that leaves the range of pixels, or that depends on fractions
 * of a level, has other outputs once it is a picture.
 *
 * @param exact outputs for the inputs as computed, one after another
 * @param rounded outputs for their pictures
 */
export function judgeReached(wanted: Float32Array, exact: Float32Array, rounded: Float32Array): Reached {
  const within = CLOSE * (wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);
  const far = differences(rounded, wanted);
  const order = ascendingPlaces(far);
  const count = far.filter((each) => each <= within).length; // the first ones
  return {
    within,
    reached: order.slice(0, count).sort((a, b) => a - b),
    missed: order.slice(count),
    exact: differences(exact, wanted),
    rounded: far,
  };
}

function differences(outputs: Float32Array, wanted: Float32Array): Float64Array {
  const { length } = wanted;
  return Float64Array.from(rowsIn(outputs, length), (own) =>
    wanted.reduce((most, value, i) => {
      const here = Math.abs(value - (own[i] ?? Number.NaN));
      return Math.max(most, Number.isNaN(here) ? Number.POSITIVE_INFINITY : here);
    }, 0),
  );
}

/** Two digits, in the shorter form: `0.04`, `110`, `1e-5`. */
const short = (value: number): string => String(Number(value.toPrecision(2)));

const farthest = (far: Float64Array, chosen: readonly number[]): number =>
  far.reduce((most, each, i) => (chosen.includes(i) ? Math.max(most, each) : most), 0);

/** Title of the picture of the reached inputs; without any, of the nearest ones. */
export function reachedTitle({ reached, missed, rounded }: Reached): string {
  const count = reached.length + missed.length;
  return reached.length > 0
    ? `${reached.length} of ${count} inputs reached the outputs; differ by at most ${short(farthest(rounded, reached))} as pictures`
    : `not reached: the nearest of ${count} inputs differs by ${short(farthest(rounded, missed.slice(0, 1)))} as a picture`;
}

/** What to say of the inputs: which were reached and how, and how far the others are. `name` is the image they start at. */
export function reachedLines(found: Reached, ways: Float64Array, name: string): string[] {
  const { reached, missed, exact, rounded, within } = found;
  const lines: string[] = [];
  if (reached.length > 0) {
    const own = [...ways].filter((_, i) => reached.includes(i));
    const [samples, stopped] = [own.filter((way) => way === 1), own.filter((way) => way < 1)];
    lines.push(
      `reached: ${reached.length} of ${ways.length}, within ${short(farthest(rounded, reached))} after rounding to 256 levels (${short(farthest(exact, reached))} before)`,
    );
    if (samples.length > 0)
      lines.push(`  ${samples.length} are samples of the inverse, moved to these outputs`);
    if (stopped.length > 0) {
      lines.push(
        `  ${stopped.length} come from ${name} and moved toward their sample, on average ${meanOf(stopped).toPrecision(2)} of the way`,
      );
    }
  }
  if (missed.length > 0)
    lines.push(
      `not reached: ${missed.length} of ${ways.length}, ${short(farthest(rounded, missed.slice(0, 1)))} to ${short(farthest(rounded, missed))} from the requested outputs after rounding to 256 levels (at most ${short(farthest(exact, missed))} before; reached means ${short(within)})`,
    );
  return lines;
}
