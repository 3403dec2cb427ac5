import * as v from "valibot";

/** An integer within bounds, so that no address can ask for hours. */
export const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

export const between = (least: number, most: number) =>
  v.pipe(v.number(), v.minValue(least), v.maxValue(most));

export const seed = v.optional(whole(0, 999_999), 0);

/** The devices that an address and a user can choose. */
export const device = v.optional(v.picklist(["auto", "wasm", "webgpu"]), "auto");
export type Backend = v.InferOutput<typeof device>;

/** Whether a tab trains automatically: not if the user prefers reduced motion. */
export const running = v.optional(
  v.boolean(),
  () => typeof matchMedia === "undefined" || !matchMedia("(prefers-reduced-motion: reduce)").matches,
);
