import { defaultDevice, numpy as np } from "@jax-js/jax";
import { UsageError } from "../errors.js";

/** Numbers of an array that jax-js computes in Wasm; constants of less than 128 it keeps aside. */
const COMPUTED = 200;

/**
 * jax-js counts references by hand and shows no total. Its Wasm backend keeps every live buffer in a
 * Map of { ptr, size, ref }: a `set` of such a value gives the Map away.
 */
let buffers: ReadonlyMap<unknown, unknown> | undefined;

/** Computes something small in Wasm while `Map.prototype.set` is watched, which is as it was afterwards. */
async function findBuffers(): Promise<ReadonlyMap<unknown, unknown>> {
  const { set } = Object.getOwnPropertyDescriptors(Map.prototype);
  const device = defaultDevice();
  let found: Map<unknown, unknown> | undefined;
  const keep = (map: Map<unknown, unknown>): void => {
    found = map;
  };
  Object.defineProperty(Map.prototype, "set", {
    ...set,
    value(this: Map<unknown, unknown>, key: unknown, value: unknown) {
      if (typeof value === "object" && value !== null && "ptr" in value && "ref" in value && "size" in value)
        keep(this);
      return Reflect.apply(set.value as () => unknown, this, [key, value]);
    },
  });
  try {
    defaultDevice("wasm");
    await np.zeros([COMPUTED]).add(1).data();
  } finally {
    defaultDevice(device);
    Object.defineProperty(Map.prototype, "set", set);
  }
  if (!found)
    throw new UsageError(
      "jax-js keeps the buffers of its Wasm backend elsewhere now: references cannot be counted",
    );
  return found;
}

/** A function that counts the buffers that are alive in the Wasm backend. */
export async function bufferCounter(): Promise<() => number> {
  buffers ??= await findBuffers();
  const found = buffers;
  return () => found.size;
}
