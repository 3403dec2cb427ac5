/** Arrays below this length are put together into one message: a message costs as much as a thousand numbers. */
const SMALL = 16_384;

/** The arrays of one owner as few arrays for messages: the large ones themselves, and copies of the small ones in one. */
export type Parcel = Readonly<{
  arrays: readonly Float32Array[];
  /** Copies the small arrays in, and back. */
  pack(): void;
  unpack(): void;
}>;

function parcelOf(arrays: readonly Float32Array[]): Parcel {
  const few = arrays.filter(({ length }) => length < SMALL);
  const together = new Float32Array(few.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  const places = few.map((array) => {
    const place = together.subarray(at, at + array.length);
    at += array.length;
    return [array, place] as const;
  });
  const large = arrays.filter(({ length }) => length >= SMALL);
  return {
    arrays: together.length > 0 ? [...large, together] : large,
    pack() {
      for (const [array, place] of places) place.set(array);
    },
    unpack() {
      for (const [array, place] of places) array.set(place);
    },
  };
}

/** The parcel of each rank, in order. */
export const parcelsOf = (
  arrays: readonly Float32Array[],
  owners: readonly number[],
  size: number,
): Parcel[] =>
  Array.from({ length: size }, (_, owner) => parcelOf(arrays.filter((_, i) => owners[i] === owner)));
