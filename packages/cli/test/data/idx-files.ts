import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The bytes of an idx file: `type` 0x08 holds unsigned bytes. */
export function idxBytes(sizes: readonly number[], data: Uint8Array, type = 0x08): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, sizes.length]);
  sizes.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  bytes.set(data, 4 + 4 * sizes.length);
  return bytes;
}

/** Images that differ, with some structure: bright squares that wander. */
export function squares(count: number, side: number): Uint8Array {
  const images = new Uint8Array(count * side * side);
  for (let index = 0; index < count; index++) {
    for (let row = 0; row < side / 2; row++) {
      for (let column = 0; column < side / 2; column++) {
        const y = (row + index) % side;
        const x = (column + 3 * index) % side;
        images[index * side * side + y * side + x] = 128 + ((index * 37 + row * 11 + column) % 128);
      }
    }
  }
  return images;
}

/** Images of noise, the same every time: no two pixels alike, as a data-dependent start needs. */
export function noise(count: number, side: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: count * side * side }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** Writes a folder of idx files, `train` and `test` images of side × side with labels. */
export function writeIdxFolder(
  folder: string,
  { train = 64, test = 16, side = 28, images = squares } = {},
): string {
  mkdirSync(folder, { recursive: true });
  for (const [prefix, count] of [
    ["train", train],
    ["t10k", test],
  ] as const) {
    writeFileSync(
      join(folder, `${prefix}-images-idx3-ubyte`),
      idxBytes([count, side, side], images(count, side)),
    );
    const labels = Uint8Array.from({ length: count }, (_, index) => index % 10);
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
  return folder;
}
