import type { PixelSize } from "./array-images.js";
import type { DataSet, PublishedSplit } from "./image-set.js";
import type { TableChoice, TableSchema } from "./table/schema.js";

/** Resizing of pictures: `crop` to fill the size, `fit` into it on black, `stretch` to it. */
export const resizings = ["crop", "fit", "stretch"] as const;
export type Resizing = (typeof resizings)[number];

/** How images are to be read that could be read in several ways. */
export type PictureReading = Readonly<{
  /** Height and width of an image: of rows of an array, or what pictures become. */
  size?: PixelSize;
  /** Resizing of pictures of another size; crop by default. */
  resize?: Resizing;
  /** Grey or colour; by default that of the first picture. */
  grey?: boolean;
  /** Skip damaged pictures. */
  skipCorrupt?: boolean;
}>;

/** How data are to be read. */
export type Reading = PictureReading &
  TableChoice &
  Readonly<{
    /** An array [rows, columns] is a table: for all networks but given ones, which take its numbers as they are. */
    table?: boolean;
    /** The columns of the table that a run was trained on: other tables are read as that one was. */
    schema?: TableSchema;
    /** The classes that a run was trained on, in the order of their labels: folders of other pictures have these names. */
    classes?: readonly string[];
  }>;

/** The flags of the command that ask for it. */
export const readingFlags: Readonly<Record<Exclude<keyof Reading, "schema" | "classes" | "table">, string>> =
  {
    size: "--size",
    resize: "--resize",
    grey: "--grey",
    skipCorrupt: "--skip-corrupt",
    columns: "--columns",
    drop: "--drop",
    id: "--id",
    where: "--where",
    calendar: "--calendar",
    missing: "--missing",
  };

/** A format of folders or files with images or rows of numbers. */
export type DataFormat<Set extends DataSet = DataSet> = Readonly<{
  /** The options that it supports. */
  takes: readonly (keyof Reading)[];
  holds(path: string, split: PublishedSplit): boolean | Promise<boolean>;
  /** `undrawn`: for examples without splits, all of them instead of those chosen for the split. */
  read(path: string, split: PublishedSplit, name: string, reading: Reading, undrawn?: boolean): Promise<Set>;
}>;
