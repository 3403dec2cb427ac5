import { Buffer } from "node:buffer";

export type NpyOptions = { descr?: string; fortran?: boolean; version?: number; header?: string };

/** The bytes of a NumPy file, as numpy.save writes it. */
export function npyBytes(
  sizes: readonly number[],
  data: Uint8Array,
  { descr = "'|u1'", fortran = false, version = 1, header }: NpyOptions = {},
): Uint8Array {
  const shape = sizes.length === 1 ? `${sizes[0]},` : sizes.join(", ");
  const written =
    header ?? `{'descr': ${descr}, 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${shape}), }`;
  const before = version === 1 ? 10 : 12;
  const text = `${written.padEnd(Math.ceil((before + written.length + 1) / 64) * 64 - before - 1)}\n`;
  const head = Buffer.alloc(before);
  head.write("\x93NUMPY", "latin1");
  head[6] = version;
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, "latin1"), data]);
}

/** `count` bytes that differ. */
export const ramp = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i * 37) % 256);
