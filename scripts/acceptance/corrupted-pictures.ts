import { makeRng, type Rng, sizeOf } from "@flowify/core/layer";
import { poisson } from "../../bench/known-laws.js";
import { writeNpy } from "./scale-runs.js";

/** Pictures of bytes, channel by channel. */
export type Pictures = Readonly<{ bytes: Uint8Array; shape: readonly [number, number, number] }>;

/** One channel of a picture: numbers from 0 to 1, rows of a width. */
type Plane = Readonly<{ numbers: Float64Array; height: number; width: number; rng: Rng }>;

/** A corrupted plane, at a severity of 3, 4 or 5. */
type Corruption = (plane: Plane, severity: number) => Float64Array;

/** One of three values. */
const at = (severity: number, values: readonly [number, number, number]): number => values[severity - 3]!;

const eachNumber =
  (of: (value: number, rng: Rng, severity: number) => number): Corruption =>
  ({ numbers, rng }, severity) =>
    numbers.map((value) => of(value, rng, severity));

/** Numbers between pixels; 0 outside. */
function sampled({ numbers, height, width }: Plane, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  let sum = 0;
  for (let corner = 0; corner < 4; corner++) {
    const [h, v] = [left + (corner & 1), top + (corner >> 1)];
    if (h < 0 || v < 0 || h >= width || v >= height) continue;
    sum += numbers[v * width + h]! * (1 - Math.abs(x - h)) * (1 - Math.abs(y - v));
  }
  return sum;
}

/** Moves pixels: the matrix takes places of the result, from the middle on, to those of the picture. */
const moved =
  (matrix: (severity: number) => readonly [number, number, number, number]): Corruption =>
  (plane, severity) => {
    const { height, width } = plane;
    const [a, b, c, d] = matrix(severity);
    const [midX, midY] = [(width - 1) / 2, (height - 1) / 2];
    return plane.numbers.map((_, i) => {
      const [x, y] = [(i % width) - midX, Math.floor(i / width) - midY];
      return sampled(plane, a * x + b * y + midX, c * x + d * y + midY);
    });
  };

const turned = (degrees: number): readonly [number, number, number, number] => {
  const angle = (degrees * Math.PI) / 180;
  return [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)];
};

/** A weighted mean of the pixels around each, in both directions. */
const blurred: Corruption = ({ numbers, height, width }, severity) => {
  const sigma = at(severity, [1.25, 1.75, 2.5]);
  const reach = Math.ceil(3 * sigma);
  const along = (from: Float64Array, step: number, length: (i: number) => readonly [number, number]) =>
    from.map((_, i) => {
      const [place, size] = length(i);
      let [sum, all] = [0, 0];
      for (let d = Math.max(-reach, -place); d <= Math.min(reach, size - 1 - place); d++) {
        const weight = Math.exp(-(d * d) / (2 * sigma * sigma));
        sum += weight * from[i + d * step]!;
        all += weight;
      }
      return sum / all;
    });
  const across = along(numbers, 1, (i) => [i % width, width]);
  return along(across, width, (i) => [Math.floor(i / width), height]);
};

/** A grey square. */
const occluded: Corruption = ({ numbers, height, width, rng }, severity) => {
  const side = Math.round(at(severity, [0.3, 0.4, 0.5]) * Math.min(height, width));
  const [left, top] = [rng.integer(width - side + 1), rng.integer(height - side + 1)];
  return numbers.map((value, i) => {
    const [x, y] = [(i % width) - left, Math.floor(i / width) - top];
    return x >= 0 && y >= 0 && x < side && y < side ? 0.5 : value;
  });
};

const contrast: Corruption = ({ numbers }, severity) => {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  return numbers.map((value) => mean + at(severity, [0.2, 0.1, 0.05]) * (value - mean));
};

/**
 * Corruptions of the kinds of MNIST-C and ImageNet-C (Mu and Gilmer 2019, arXiv:1906.02337; Hendrycks and Dietterich 2019,
 * arXiv:1903.12261), at the severities 3 to 5; noises have the numbers of the latter.
 */
export const corruptions: Readonly<Record<string, Corruption>> = {
  "gaussian noise": eachNumber(
    (value, rng, severity) => value + at(severity, [0.18, 0.26, 0.38]) * rng.normal(),
  ),
  "shot noise": eachNumber((value, rng, severity) => {
    const photons = at(severity, [12, 5, 3]);
    return poisson(rng, value * photons) / photons;
  }),
  "impulse noise": eachNumber((value, rng, severity) =>
    rng.uniform() < at(severity, [0.09, 0.17, 0.27]) ? Math.round(rng.uniform()) : value,
  ),
  blur: blurred,
  contrast,
  brightness: eachNumber((value, _, severity) => value + at(severity, [0.3, 0.4, 0.5])),
  rotation: moved((severity) => turned(at(severity, [36, 48, 60]))),
  shear: moved((severity) => [1, at(severity, [0.4, 0.5, 0.6]), 0, 1]),
  scale: moved((severity) => {
    const factor = at(severity, [1.5, 1.75, 2]);
    return [factor, 0, 0, factor];
  }),
  occlusion: occluded,
};

/** Some pictures at all three severities, by corruption. */
export function corruptedPictures({ bytes, shape }: Pictures, count: number, name: string): Pictures {
  const [channels, height, width] = shape;
  const [plane, rng] = [height * width, makeRng(7)];
  const severities = [3, 4, 5];
  const out = new Uint8Array(severities.length * count * channels * plane);
  severities.forEach((severity, part) => {
    for (let i = 0; i < count * channels; i++) {
      const numbers = Float64Array.from(bytes.subarray(i * plane, (i + 1) * plane), (byte) => byte / 255);
      const made = corruptions[name]!({ numbers, height, width, rng }, severity);
      const bytesOut = made.map((value) => Math.round(255 * Math.min(1, Math.max(0, value))));
      out.set(bytesOut, (part * count * channels + i) * plane);
    }
  });
  return { bytes: out, shape };
}

/** Writes pictures as numpy.save does. */
export const writePictures = (file: string, { bytes, shape }: Pictures): void =>
  writeNpy(file, bytes, [bytes.length / sizeOf(shape), ...shape]);
