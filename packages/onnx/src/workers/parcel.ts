import { HostArray } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import type { Tensor } from "onnxruntime-node";
import type { Slot } from "../tensors.js";
import { typedArrays } from "../typed-arrays.js";

/** Alignment of arrays: vectors of any width load at full speed. */
const ALIGNMENT = 64;

/** How arrays lie in one memory, which goes from thread to thread without a copy. */
export type Parcel = Readonly<{
  places: readonly (Slot & Readonly<{ offset: number; length: number }>)[];
  bytes: number;
}>;

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

/** The arrays of a parcel, in the order of its places. */
export const arraysIn = ({ places }: Parcel, memory: ArrayBuffer): HostArray[] =>
  places.map((slot) => {
    const data = new (constructorOf(slot))(memory, slot.offset, slot.length);
    return new HostArray(data, slot.shape, slot.dtype);
  });

/** The memory of a parcel that these tensors are all of, as those that a run before has returned; else undefined. */
export function memoryOf({ places, bytes }: Parcel, tensors: readonly Tensor[]): ArrayBuffer | undefined {
  const kept = tensors.filter(({ location }) => location === "cpu");
  const arrays = kept.map(({ data }) => data as Float32Array<ArrayBuffer>);
  const memory = arrays[0]?.buffer;
  const isOne = places.every((at, i) => arrays[i]?.buffer === memory && arrays[i]?.byteOffset === at.offset);
  return isOne && memory?.byteLength === bytes ? memory : undefined;
}

const constructorOf = ({ dtype }: Slot) => typedArrays[dtype as keyof typeof typedArrays];
