import type { PixelSize } from "./array-images.js";
import type { DataSet, PublishedSplit } from "./image-set.js";
import type { TableSchema } from "./table/schema.js";

/** What to do with a picture of another size: `crop` to fill it, `fit` into it on black, `stretch` to it. */
export const resizings = ["crop", "fit", "stretch"] as const;
export type Resizing = (typeof resizings)[number];

/** How images are to be read that could be read in several ways. */
export type PictureReading = Readonly<{
  /** Height and width of an image: of rows of an array, or what pictures become. */
  size?: PixelSize;
  /** What becomes of pictures that have another size; crop by default. */
  resize?: Resizing;
  /** Grey or colour; by default as the first picture is. */
  grey?: boolean;
  /** Leave damaged pictures out. */
  skipCorrupt?: boolean;
}>;

/** Which columns of a table are used. */
export type TableChoice = Readonly<{
  /** Only these. */
  columns?: readonly string[];
  /** All but these. */
  drop?: readonly string[];
  /** The column that names the rows. */
  id?: string;
}>;

/** How data are to be read. */
export type Reading = PictureReading &
  TableChoice &
  Readonly<{
    /** The columns of the table that a run was trained on: other tables are read as that one was. */
    schema?: TableSchema;
  }>;

/** The flags of the command that ask for it. */
export const readingFlags: Readonly<Record<Exclude<keyof Reading, "schema">, string>> = {
  size: "--size",
  resize: "--resize",
  grey: "--grey",
  skipCorrupt: "--skip-corrupt",
  columns: "--columns",
  drop: "--drop",
  id: "--id",
};

/** A way in which folders or files hold images, or rows of numbers. */
export type DataFormat<Set extends DataSet = DataSet> = Readonly<{
  /** What can be asked of it. */
  takes: readonly (keyof Reading)[];
  holds(path: string, split: PublishedSplit): boolean | Promise<boolean>;
  /** `undrawn`: where the examples come without splits, all of them instead of those drawn for the split. */
  read(path: string, split: PublishedSplit, name: string, reading: Reading, undrawn?: boolean): Promise<Set>;
}>;
