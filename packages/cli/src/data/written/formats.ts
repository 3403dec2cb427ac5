/** Formats of written tables. */
export const tableFormats = ["csv", "jsonl", "parquet"] as const;
export type TableFormat = (typeof tableFormats)[number];

/** The same, and arrays of the numbers of a network. */
export const rowFormats = [...tableFormats, "npy"] as const;
export type RowFormat = (typeof rowFormats)[number];

/** The format, one of these, that the ending of a file name stands for. */
export const formatOf = <Format extends RowFormat>(
  file: string | undefined,
  formats: readonly Format[],
): Format | undefined => formats.find((format) => file?.toLowerCase().endsWith(`.${format}`));
