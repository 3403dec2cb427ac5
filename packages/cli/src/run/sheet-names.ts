/** What a sheet of samples can show. Apart from the code that makes them, so that help needs none of it. */
export const sheets = ["samples", "temperatures", "interpolation", "layers"] as const;
export type Sheet = (typeof sheets)[number];
