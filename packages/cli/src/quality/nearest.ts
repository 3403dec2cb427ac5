import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { numpy as np } from "@jax-js/jax";

/** Training images per comparison. */
const AT_ONCE = 2000;

/**
 * For each image the index of the nearest training image, and the root mean square of their difference, in levels of a
 * pixel.
 */
export type Nearest = Readonly<{ places: Int32Array; distances: Float64Array }>;

/** |s − t|² for images s [n, D] and t [m, D], as [n, m]; pixels in [0, 1]. */
function squaredDistances(s: np.Array, t: np.Array): np.Array {
  const [n, m] = [s.shape[0] as number, t.shape[0] as number];
  const lengths = np.sum(np.square(s.ref), 1).reshape([n, 1]);
  const others = np.sum(np.square(t.ref), 1).reshape([1, m]);
  return np.matmul(s, np.transpose(t)).mul(-2).add(lengths).add(others);
}

/** Finds the exact nearest training image of each image, by the Euclidean distance of the pixels. */
export async function nearestImages(
  executor: Executor,
  images: Uint8Array,
  training: Uint8Array,
  size: number,
): Promise<Nearest> {
  const [count, of] = [images.length / size, training.length / size];
  const best = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const places = new Int32Array(count).fill(-1);
  const width = Math.min(AT_ONCE, of);
  const spec = (rows: number): ArraySpec => new ArraySpec([rows, size], np.float32);
  const scaled = (bytes: Uint8Array, rows: number): HostArray =>
    new HostArray(
      Float32Array.from(bytes, (value) => value / 255),
      [rows, size],
      np.float32,
    );
  const program = await executor.compile(squaredDistances, [spec(count), spec(width)], { name: "distances" });
  const placed = await executor.place(scaled(images, count));
  try {
    for (let begin = 0; begin < of; begin += width) {
      const from = Math.min(begin, of - width); // the last part overlaps the one before
      const part = training.subarray(from * size, (from + width) * size);
      const result = await program.run([placed, scaled(part, width)]);
      const { data } = await executor.fetch<HostArray>(result);
      executor.release(result);
      for (let i = 0; i < count; i++)
        for (let j = 0; j < width; j++) {
          const distance = data[i * width + j]!;
          if (distance < best[i]!) [best[i], places[i]] = [distance, from + j];
        }
    }
  } finally {
    executor.release(placed);
    await program.dispose();
  }
  return { places, distances: best.map((d) => 255 * Math.sqrt(Math.max(d, 0) / size)) };
}
