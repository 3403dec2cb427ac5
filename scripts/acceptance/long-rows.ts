import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { makeRng } from "@flowify/core/layer";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";

const COLUMNS = 10;
/** Rows of a group, as DuckDB writes them. */
const GROUP = 122_880;

/** Writes a Parquet file of so many rows of ten correlated columns of doubles, by Snappy, a group of rows at a time. */
export async function writeLongRows(file: string, rows: number, seed: number): Promise<void> {
  const rng = makeRng(seed);
  const out = createWriteStream(file);
  const bytes = new ByteWriter();
  const names = Array.from({ length: COLUMNS }, (_, i) => `x${i}`);
  const schema = [
    { name: "root", num_children: COLUMNS },
    ...names.map((name) => ({ name, type: "DOUBLE" as const, repetition_type: "OPTIONAL" as const })),
  ];
  const parquet = new ParquetWriter({ writer: bytes, schema });
  const flush = async (): Promise<void> => {
    const written = new Uint8Array(bytes.buffer.slice(0, bytes.index));
    bytes.index = 0;
    if (!out.write(written)) await once(out, "drain");
  };
  const [common, own] = [new Float32Array(GROUP), new Float32Array(GROUP)];
  for (let done = 0; done < rows; done += GROUP) {
    const count = Math.min(GROUP, rows - done);
    rng.fillNormal(common);
    const columnData = names.map((name) => {
      rng.fillNormal(own);
      const data = new Float64Array(count);
      for (let i = 0; i < count; i++) data[i] = Math.round(1e4 * (common[i]! + 0.5 * own[i]!)) / 1e4;
      return { name, data, encoding: "PLAIN" as const, offsetIndex: false };
    });
    await parquet.write({ columnData, rowGroupSize: count });
    await flush();
  }
  await parquet.finish();
  await flush();
  out.end();
  await once(out, "finish");
}

/** Rows that the footer of a Parquet file counts. */
export const rowsIn = async (file: string): Promise<number> =>
  Number((await parquetMetadataAsync(await asyncBufferFromFile(file))).num_rows);
