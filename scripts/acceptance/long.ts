import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { atMost, type Check, equal, type Row } from "./check.js";

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

const EVERY_MS = 200;

/** Runs flowify; gives its seconds, the peak of its resident size in MiB, as Linux counts it, and what it says. */
async function measured(...args: readonly string[]) {
  const began = performance.now();
  const child = spawn(process.execPath, [resolve("packages/cli/bin/flowify.js"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let peakKiB = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {} // it has ended
  }, EVERY_MS);
  const [status] = (await once(child, "close")) as [number | null];
  clearInterval(watch);
  if (status !== 0) throw new Error(`flowify ${args.join(" ")} ended with ${status ?? "a signal"}: ${said}`);
  return { seconds: (performance.now() - began) / 1000, peakMiB: peakKiB / 1024, said };
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
