/** Names of the sheets of samples. Separate from the code that makes them, so that help does not load it. */
export const sheets = ["samples", "temperatures", "interpolation", "layers"] as const;
export type Sheet = (typeof sheets)[number];
