import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { atMost, type Check, equal, type Row } from "./check.js";
import { flowifyToEnd } from "./node.js";

const COLUMNS = 10;
/** Rows of a group, as DuckDB writes them. */
const GROUP = 122_880;

/** Writes a Parquet file of so many rows of ten correlated columns of doubles, by Snappy, a group of rows at a time. */
async function writeLongRows(file: string, rows: number, seed: number): Promise<void> {
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
const rowsIn = async (file: string): Promise<number> =>
  Number((await parquetMetadataAsync(await asyncBufferFromFile(file))).num_rows);

/** Runs the command; throws where it fails. */
async function measured(...args: readonly string[]) {
  const ended = await flowifyToEnd(args);
  if (ended.status === 0) return ended;
  throw new Error(`flowify ${args.join(" ")} ended with ${ended.status ?? "a signal"}: ${ended.said}`);
}

const TRAINING = 5000;
const ROWS = { score: 20_000_000, sample: 10_000_000 } as const;
const MOST_MIB = 1024;

/**
 * Scores 20 million rows of ten columns of a Parquet file by the flow, and samples 10 million, in memory that does not grow with
 * them. FLOWIFY_ROWS sets another number, FLOWIFY_SCORE another score.
 */
export const long: Check = {
  name: "long",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const place = (name: string): string => join(scratch, name);
    const count = (what: keyof typeof ROWS): number => Number(process.env.FLOWIFY_ROWS ?? ROWS[what]);
    await writeLongRows(place("known.parquet"), TRAINING, 0);
    const run = place("run");
    await measured("train", "--data", place("known.parquet"), "--out", run, "--pictures", "none", "--quiet");
    await writeLongRows(place("rows.parquet"), count("score"), 1);
    const score = ["--score", process.env.FLOWIFY_SCORE ?? "flow", "--data", place("rows.parquet")];
    const rows: { [what: string]: Row } = {};
    for (const [what, args] of [
      ["score", score],
      ["sample", ["--count", String(count("sample"))]],
    ] as const) {
      const out = place(`${what}d.parquet`);
      const { seconds, peakMiB, said } = await measured(what, run, ...args, "--out", out);
      const speed = /^.* rows a second, .*$/m.exec(said)?.[0] ?? "";
      say(`${what}: ${Math.round(count(what) / seconds)} rows a second with the start; ${speed}`);
      rows[`${what}: rows`] = equal(await rowsIn(out), count(what));
      rows[`${what}: peak memory`] = atMost(peakMiB, MOST_MIB, (value) => `${value.toFixed(0)} MiB`);
    }
    return rows;
  },
};
