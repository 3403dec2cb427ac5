/**
 * jax-js counts references by hand and shows no total. Its Wasm backend keeps every live buffer in a
 * Map of { ptr, size, ref }: the first `set` of such a value gives the Map away.
 */
let buffers: Map<unknown, unknown> | undefined;

const { set } = Object.getOwnPropertyDescriptors(Map.prototype);
Object.defineProperty(Map.prototype, "set", {
  ...set,
  value(this: Map<unknown, unknown>, key: unknown, value: unknown) {
    if (typeof value === "object" && value !== null && "ptr" in value && "ref" in value && "size" in value)
      found(this);
    return Reflect.apply(set.value as () => unknown, this, [key, value]);
  },
});

function found(map: Map<unknown, unknown>): void {
  buffers = map;
  Object.defineProperty(Map.prototype, "set", set);
}

/** Buffers that are alive in the Wasm backend. Import this file before anything is computed. */
export function liveBuffers(): number {
  if (!buffers)
    throw new Error("nothing was computed in Wasm yet, or jax-js keeps its buffers elsewhere now");
  return buffers.size;
}
