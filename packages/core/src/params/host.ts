import { type Device, type JsTree, numpy as np } from "@jax-js/jax";
import type { Shape } from "../shape.js";
import { HostArray, type HostData } from "./host-array.js";
import { treeFlatten } from "./pytree.js";

/**
 * A jax array from host data.
 *
 * Before jax-js accepts float64, it compares the data with `Float16Array`, which Node 20 lacks. The name is defined
 * during that call only.
 */
export function fromHost({ data, shape, dtype }: HostArray, device?: Device): np.Array {
  // jax-js cannot read an array of nothing
  if (data.length === 0) return np.zeros([...shape], { dtype, ...(device && { device }) });
  const source = (data instanceof Uint8Array ? Int32Array.from(data) : data) as HostData & {
    buffer: ArrayBuffer;
  };
  const make = (): np.Array =>
    np.array(source as Float32Array<ArrayBuffer>, { shape: [...shape], dtype, ...(device && { device }) });
  const scope = globalThis as { Float16Array?: unknown };
  if (!(data instanceof Float64Array) || scope.Float16Array !== undefined) return make();
  scope.Float16Array = class {};
  try {
    return make();
  } finally {
    delete scope.Float16Array;
  }
}

/** A float32 jax array; the shape defaults to one axis. */
export const floats = (data: Float32Array, shape: Shape = [data.length]): np.Array =>
  fromHost(new HostArray(data, shape, np.float32));

/** Reads a jax array without consuming it. */
export async function toHost(array: np.Array): Promise<HostArray> {
  const raw = await array.ref.data();
  const data = (array.dtype === np.bool ? Uint8Array.from(raw as Int32Array) : raw) as HostData;
  return new HostArray(data, array.shape, array.dtype);
}

/** The same of each array of a tree. */
export async function copyToHost(params: JsTree<np.Array>): Promise<JsTree<HostArray>> {
  const { leaves, rebuild } = treeFlatten<np.Array>(params);
  return rebuild(await Promise.all(leaves.map(toHost)));
}
