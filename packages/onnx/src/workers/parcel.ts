import { sizeOf } from "@flowify/core/layer";
import type { Slot } from "../tensors.js";
import { typedArrays } from "../typed-arrays.js";

/** Alignment of arrays: vectors of any width load at full speed. */
const ALIGNMENT = 64;

type Place = Slot & Readonly<{ offset: number; length: number }>;

/** Arrays in one shared memory. */
export type Parcel = Readonly<{ shared: SharedArrayBuffer; slots: readonly Place[] }>;

export function parcelFor(slots: readonly Slot[]): Parcel {
  const { places, bytes } = placed(slots);
  return { shared: new SharedArrayBuffer(bytes), slots: places };
}

/** Bytes of a parcel for these arrays. */
export const parcelBytes = (slots: readonly Slot[]): number => placed(slots).bytes;

function placed(slots: readonly Slot[]): { places: Place[]; bytes: number } {
  let bytes = 0;
  const places = slots.map((slot) => {
    const length = sizeOf(slot.shape);
    const place = { ...slot, offset: bytes, length };
    bytes += Math.ceil((length * constructorOf(slot).BYTES_PER_ELEMENT) / ALIGNMENT) * ALIGNMENT;
    return place;
  });
  return { places, bytes };
}

/** The arrays of a parcel, in the order of its slots. */
export const arraysIn = ({ shared, slots }: Parcel) =>
  slots.map((slot) => new (constructorOf(slot))(shared as never, slot.offset, slot.length));

const constructorOf = ({ dtype }: Slot) => typedArrays[dtype as keyof typeof typedArrays];
