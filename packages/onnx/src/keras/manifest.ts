import { DataError } from "@flowify/core";
import { joined } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { float16 } from "../import/elements.js";
import type { ExternalData } from "../import/tensor.js";
import type { KerasWeights, Weight } from "./topology.js";

type Read = Readonly<{ bytes: number; read(view: DataView, at: number): number }>;

/** Encoding of numbers in the shards. */
const types: { readonly [dtype: string]: Read | undefined } = {
  float32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  float16: { bytes: 2, read: (view, at) => float16(view.getUint16(at, true)) },
  int32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  uint16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  uint8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  bool: { bytes: 1, read: (view, at) => view.getUint8(at) },
};

type Quantization = Readonly<{ dtype: string; scale?: number; min?: number }>;
type Spec = Readonly<{ name: string; shape: number[]; dtype: string; quantization?: Quantization }>;
type Group = Readonly<{ paths: string[]; weights: Spec[] }>;

/**
 * The weights that `weightsManifest` lists: those of a group follow one another in its shards. Quantized ones are
 * decoded as scale · q + min.
 *
 * @param beside returns the bytes of a file next to `model.json`
 * @throws DataError if a shard is missing or outside of the folder, or has more or fewer bytes than listed
 */
export function weightsOfManifest(manifest: unknown, beside: ExternalData): KerasWeights {
  const found = new Map<string, Weight>();
  for (const { paths, weights } of groupsOf(manifest)) {
    const bytes = bytesOf(paths, beside);
    let at = 0;
    for (const { name, shape, dtype, quantization } of weights) {
      const stored = quantization?.dtype ?? dtype;
      const type = Object.hasOwn(types, stored) ? types[stored] : undefined;
      const what = `the weight ${JSON.stringify(name)}`;
      if (!type) throw new DataError(`${what}: numbers of type ${stored} are not supported\nsave float32`);
      const [count, begin] = [sizeOf(shape), at];
      at += count * type.bytes;
      if (at > bytes.byteLength)
        throw new DataError(
          `${what}: needs ${count * type.bytes} bytes at ${begin}, the files ${paths.join(", ")} hold ${bytes.byteLength}\nsave the model again`,
        );
      const { scale = 1, min = 0 } = quantization ?? {};
      const data = Float32Array.from(
        { length: count },
        (_, i) => scale * type.read(bytes, begin + i * type.bytes) + min,
      );
      const words = name.replace(/:0$/, "").split("/");
      for (const key of [words.join("/"), words.slice(-2).join("/")]) found.set(key, { shape, data });
    }
    if (at !== bytes.byteLength)
      throw new DataError(
        `the files ${paths.join(", ")} hold ${bytes.byteLength} bytes, their weights need ${at}\nsave the model again`,
      );
  }
  return ({ place }, weight) => found.get(`${place.own}/${weight}`);
}

/** The bytes of the shards, one after another. */
function bytesOf(paths: readonly string[], beside: ExternalData): DataView {
  const shards = paths.map((path) => {
    const shard = beside(path);
    if (shard) return shard;
    throw new DataError(
      `the weights are in ${JSON.stringify(path)}, which is missing\nput it next to model.json`,
    );
  });
  return new DataView(joined(shards, Uint8Array).buffer);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isText = (value: unknown): value is string => typeof value === "string";
const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function groupsOf(manifest: unknown): Group[] {
  const isList = (value: unknown, is: (each: unknown) => boolean): boolean =>
    Array.isArray(value) && value.every(is);
  const isSpec = (value: unknown): boolean => {
    if (!isObject(value)) return false;
    const { name, shape, dtype, quantization } = value as Partial<Spec>;
    const { scale = 1, min = 0, dtype: stored = "uint8" } = quantization ?? {};
    const numbers = [scale, min].every(Number.isFinite) && isText(stored);
    return isText(name) && isList(shape, isSize) && isText(dtype) && numbers;
  };
  const isGroup = (value: unknown): boolean =>
    isObject(value) && isList((value as Group).paths, isText) && isList((value as Group).weights, isSpec);
  if (isList(manifest, isGroup)) return manifest as Group[];
  throw new DataError(
    "weightsManifest is not a list of paths and weights, each with name, shape and dtype\nsave the model again",
  );
}
