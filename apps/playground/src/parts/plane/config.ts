import * as z from "zod/mini";

/** What the address holds of the plane: every field has a default, and nothing else is let in. */
export const planeConfig = z.strictObject({
  device: z._default(z.enum(["auto", "wasm", "webgpu"]), "auto"),
});
