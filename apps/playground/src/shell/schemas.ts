import * as v from "valibot";

/** An integer within bounds, so that no address can ask for hours. */
export const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

export const between = (least: number, most: number) =>
  v.pipe(v.number(), v.minValue(least), v.maxValue(most));

/** The devices that an address and a user can choose. */
export const backends = ["auto", "wasm", "webgpu"] as const;
export type Backend = (typeof backends)[number];

/** Whether a tab trains automatically: not if the user prefers reduced motion. */
export const startsByItself = (): boolean =>
  typeof matchMedia === "undefined" || !matchMedia("(prefers-reduced-motion: reduce)").matches;
