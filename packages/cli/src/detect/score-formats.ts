/** How scores are written. */
export const scoreFormats = ["csv", "jsonl", "parquet"] as const;
export type ScoreFormat = (typeof scoreFormats)[number];

/** The format that the ending of a file name stands for. */
export const formatOf = (file: string | undefined): ScoreFormat | undefined =>
  scoreFormats.find((format) => file?.toLowerCase().endsWith(`.${format}`));
