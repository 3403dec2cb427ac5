import { makeRng, type Rng, sizeOf } from "@flowify/core/layer";
import { valueAt, valuesAt } from "../places.js";
import { meanOf } from "../statistics.js";

/** Pixels or numbers of examples, one after another; `shape` [C, H, W] for pictures, [columns] for rows. */
export type Plain = Readonly<{
  numbers: Float32Array;
  shape: readonly number[];
  range: readonly [number, number];
}>;

/** Makes an unusual example of example i of a set, into `out`. */
type Corruption = (
  at: Readonly<{
    own: Float32Array;
    other: Float32Array;
    out: Float32Array;
    shape: readonly number[];
    range: readonly [number, number];
    rng: Rng;
  }>,
) => void;

const NOISE = 0.2;
const CONTRAST = 0.3;
const PATCHES = 4;

const mixture: Corruption = ({ own, other, out }) => {
  for (const [i, value] of own.entries()) out[i] = (value + valueAt(other, i)) / 2;
};

const noise: Corruption = ({ own, out, range: [low, high], rng }) => {
  for (const [i, value] of own.entries())
    out[i] = Math.min(high, Math.max(low, value + NOISE * (high - low) * rng.normal()));
};

/** The first half of one example, the second half of another one. */
const swapped: Corruption = ({ own, other, out }) => {
  out.set(own);
  out.set(other.subarray(own.length >> 1), own.length >> 1);
};

/** Numbers of other columns. */
const shuffled: Corruption = ({ own, out, rng }) => {
  const order = Array.from(own.keys());
  for (let i = order.length - 1; i > 0; i--) {
    const j = rng.integer(i + 1);
    [order[i], order[j]] = [valueAt(order, j), valueAt(order, i)];
  }
  out.set(valuesAt(own, order));
};

const contrast: Corruption = ({ own, out }) => {
  const mean = meanOf(own);
  for (const [i, value] of own.entries()) out[i] = mean + CONTRAST * (value - mean);
};

/** Means of 5 × 5 pixels. */
const blur: Corruption = ({ own, out, shape }) => {
  const [channels = 0, height = 0, width = 0] = shape;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let [sum, count] = [0, 0];
        for (let dy = -2; dy <= 2; dy++)
          for (let dx = -2; dx <= 2; dx++) {
            const [v, h] = [y + dy, x + dx];
            if (v < 0 || h < 0 || v >= height || h >= width) continue;
            sum += own[(c * height + v) * width + h]!;
            count++;
          }
        out[(c * height + y) * width + x] = sum / count;
      }
};

/** The picture in 4 × 4 parts, in another order. */
const patches: Corruption = ({ own, out, shape, rng }) => {
  const [channels = 0, height = 0, width = 0] = shape;
  const [h, w] = [Math.floor(height / PATCHES), Math.floor(width / PATCHES)];
  const order = new Float32Array(PATCHES * PATCHES);
  shuffled({ own: Float32Array.from(order.keys()), other: order, out: order, shape, range: [0, 1], rng });
  out.set(own);
  for (const [part, from] of order.entries()) {
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++)
          out[(c * height + Math.floor(part / PATCHES) * h + y) * width + (part % PATCHES) * w + x] =
            own[(c * height + Math.floor(from / PATCHES) * h + y) * width + (from % PATCHES) * w + x]!;
  }
};

const ofRows: Readonly<Record<string, Corruption>> = {
  noise,
  shuffled,
  "swapped halves": swapped,
  "mixture of two": mixture,
};

const ofPictures: Readonly<Record<string, Corruption>> = {
  noise,
  blur,
  "low contrast": contrast,
  "shuffled patches": patches,
  "swapped halves": swapped,
  "mixture of two": mixture,
};

/** Unusual examples made of usual ones, by name: features are chosen by how well they tell these. */
export function corrupted({ numbers, shape, range }: Plain, seed: number): ReadonlyMap<string, Float32Array> {
  const size = sizeOf(shape);
  const count = numbers.length / size;
  const isPicture = shape.length === 3 && shape.slice(1).every((size) => size >= PATCHES);
  const of = (i: number): Float32Array => numbers.subarray((i % count) * size, ((i % count) + 1) * size);
  return new Map(
    Object.entries(isPicture ? ofPictures : ofRows).map(([name, corruption], k) => {
      const rng = makeRng(seed + k);
      const made = new Float32Array(numbers.length);
      for (let i = 0; i < count; i++) {
        const other = of(i + 1 + rng.integer(Math.max(1, count - 1)));
        corruption({ own: of(i), other, out: made.subarray(i * size, (i + 1) * size), shape, range, rng });
      }
      return [name, made];
    }),
  );
}
