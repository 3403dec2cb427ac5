/** Where a worker can compute, as an address and a reader choose it. */
export const backends = ["auto", "wasm", "webgpu"] as const;
export type Backend = (typeof backends)[number];
