import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";

/** The bytes of a Parquet file with these columns, in groups of 25 rows. */
export const parquetBytes = (
  columnData: ColumnSource[],
  codec: "SNAPPY" | "UNCOMPRESSED" = "SNAPPY",
): Uint8Array => new Uint8Array(parquetWriteBuffer({ columnData, codec, rowGroupSize: 25 }));
