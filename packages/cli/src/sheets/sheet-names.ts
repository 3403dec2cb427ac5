/** Names of the sheets of samples. Separate from the code that makes them, so that help does not load it. */
export const sheets = ["samples", "temperatures", "interpolation", "inpainting"] as const;
export type Sheet = (typeof sheets)[number];

/** Halves of an image that the sheet of inpainting can hide. */
export const hideable = ["bottom", "top", "left", "right"] as const;
export type Hidden = (typeof hideable)[number];
