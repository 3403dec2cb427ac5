/** Bytes of the header of a collection, and of each of its objects. */
const HEADER = 16;

/**
 * True if the global heaps of a file in HDF5, which hold its texts, can be walked to their ends. The library does not
 * come back from one whose sizes were damaged.
 *
 * Source: section III.E of the HDF5 file format specification
 */
export function hasSoundHeaps(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = bytes.indexOf(0x47); at >= 0; at = bytes.indexOf(0x47, at + 1))
    if (at + HEADER <= bytes.length && view.getUint32(at) === 0x47434f4c && !isSound(view, at)) return false; // "GCOL"
  return true;
}

function isSound(view: DataView, at: number): boolean {
  const end = at + Number(view.getBigUint64(at + 8, true));
  if (view.getUint8(at + 4) !== 1) return true; // the version; these are other bytes
  if (end > view.byteLength) return false;
  for (let object = at + HEADER; object + HEADER <= end; ) {
    const size = Number(view.getBigUint64(object + 8, true));
    const free = view.getUint16(object, true) === 0; // the rest, its own header included
    object += free ? size : HEADER + 8 * Math.ceil(size / 8);
    if (object > end || (free && object !== end)) return false;
  }
  return true;
}
