/** The devices that an address and a user can choose. */
export const backends = ["auto", "wasm", "webgpu"] as const;
export type Backend = (typeof backends)[number];
