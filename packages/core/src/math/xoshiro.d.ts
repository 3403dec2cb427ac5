/** The state of a stream of random bits: four words, not all 0. */
export type RngState = Int32Array<ArrayBuffer>;

/** The next 32 bits of xoshiro128++ (Blackman and Vigna 2021) as an unsigned integer. */
export declare function nextBits(state: RngState): number;
