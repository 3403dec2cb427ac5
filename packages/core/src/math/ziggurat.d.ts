import type { RngState } from "./xoshiro.js";

/** A standard normal number by the ziggurat method (Marsaglia and Tsang 2000, 128 strips). */
export declare function nextNormal(state: RngState): number;
