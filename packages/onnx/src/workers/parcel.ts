import { sizeOf } from "@flowify/core/layer";
import type { Tensor } from "onnxruntime-node";
import type { Slot } from "../tensors.js";
import { typedArrays } from "../typed-arrays.js";

/** Alignment of arrays: vectors of any width load at full speed. */
const ALIGNMENT = 64;

/** Where an array lies in the memory of a parcel. */
export type Place = Slot & Readonly<{ offset: number; length: number }>;

/** How arrays lie in one memory, which goes from thread to thread without a copy. */
export type Parcel = Readonly<{ places: readonly Place[]; bytes: number }>;

export function parcelFor(slots: readonly Slot[]): Parcel {
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
export const arraysIn = ({ places }: Parcel, memory: ArrayBuffer) =>
  places.map((place) => new (constructorOf(place))(memory, place.offset, place.length));

/** The memory of a parcel that these tensors are all of, as those that a run before has returned; else undefined. */
export function memoryOf({ places, bytes }: Parcel, tensors: readonly Tensor[]): ArrayBuffer | undefined {
  if (tensors.length !== places.length || tensors.some(({ location }) => location !== "cpu"))
    return undefined;
  const arrays = tensors.map(({ data }) => data as Float32Array<ArrayBuffer>);
  const memory = arrays[0]?.buffer;
  const lie = arrays.every(
    ({ buffer, byteOffset }, i) => buffer === memory && byteOffset === places[i]?.offset,
  );
  return lie && memory?.byteLength === bytes ? memory : undefined;
}

const constructorOf = ({ dtype }: Slot) => typedArrays[dtype as keyof typeof typedArrays];
