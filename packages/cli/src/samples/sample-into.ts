import { readFileSync } from "node:fs";
import type { FlowModel } from "@flowify/core";
import * as v from "valibot";
import { hashOf } from "../data/image-set.js";
import { leastBytes, sampleWriter } from "../data/written/sampled-rows.js";
import type { RowFormat, RowWriter } from "../data/written/written-rows.js";
import type { Write } from "../files/atomic.js";
import { expectDiskSpace } from "../files/place.js";
import { entryOf } from "../places.js";
import type { RunConfig } from "../run-config.js";
import { factsOf, rowProgress } from "../runs/continued-rows.js";
import { runPaths } from "../runs/folder.js";
import type { SavedRun } from "../runs/open-run.js";
import type { ResumableFile } from "../runs/resumable-file.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { possibleSamples } from "./possible-samples.js";

/** How rows are sampled. */
export type SampleOptions = Readonly<{
  count: number;
  seed: number;
  temperature: number;
  mode: "sample" | "deterministic";
}>;

export type Sampling = Readonly<{
  model: Pick<FlowModel, "sampleBlocks">;
  data: Pick<RunConfig["data"], "shape" | "columns" | "reading">;
  file: string;
  format: RowFormat;
  /** Rows of a group of rows in Parquet: `groupOf` their width. */
  group: number;
  options: SampleOptions;
  /** Of several processes, which one this is: each samples its part of the rows. */
  share: Readonly<{ rank: number; size: number }> | undefined;
  terminal: Terminal;
}>;

export const sampleProgress = v.strictObject(rowProgress);
export type SampleProgress = v.InferOutput<typeof sampleProgress>;

/** Rows that are computed together in the model. */
const BATCH = 256;

/** Rows that are sampled at once, without a sign of progress. */
const FEW = 4096;

/** Rows and cells of a group of rows in Parquet. */
const MOST = { rows: 131_072, cells: 2 ** 22 } as const;

/** 256 by a power of two, so that no block of samples lies in two groups. */
export const groupOf = (width: number): number =>
  Math.min(MOST.rows, Math.max(BATCH, 2 ** Math.floor(Math.log2(MOST.cells / width))));

/** The rows of one of several processes: whole groups, or where there are none whole batches. */
export function rangeOf(
  count: number,
  unit: number,
  { rank, size }: Readonly<{ rank: number; size: number }>,
): { from: number; to: number } {
  const edge = (place: number): number =>
    place === size ? count : Math.min(count, unit * Math.ceil((place * count) / (size * unit)));
  return { from: edge(rank), to: edge(rank + 1) };
}

/** A writer of all samples, which goes on behind those that were written. */
export const writerOf = (
  { format, data, options, group }: Sampling,
  write: Write,
  begun?: unknown,
): RowWriter<Float32Array> => sampleWriter(format, data, options.count, write, { begun, group });

/** Samples the rows that are not written, a block at a time: memory does not grow with their number. */
export async function sampleInto(
  { write, kept, keep }: ResumableFile<SampleProgress>,
  sampling: Sampling,
  begun: unknown,
): Promise<void> {
  if (kept?.complete) return;
  const { model, data, file, format, group, share, terminal, options } = sampling;
  const [width] = data.shape;
  const unit = format === "parquet" ? group : BATCH;
  const { from, to } = rangeOf(options.count, unit, share ?? { rank: 0, size: 1 });
  const writer = writerOf(sampling, write, begun);
  let at = from + (kept?.rows ?? 0);
  if (!kept) await expectDiskSpace(file, (to - at) * leastBytes(format, data));
  const bar =
    to - at > FEW
      ? createProgress(terminal, { label: "rows", total: to - from, done: at - from })
      : undefined;
  const { count, ...drawing } = options;
  for await (const rows of possibleSamples(model, data.reading?.schema, count, {
    ...drawing,
    from: at,
    to,
  })) {
    await writer.add(rows);
    at += rows.length / width;
    bar?.update(at - from, "");
    const progress = writer.progress();
    if (progress !== undefined) await keep({ rows: at - from, complete: false, writer: progress });
  }
  bar?.finish();
  if (share) await writer.flush();
  else await writer.end();
  await keep({ rows: to - from, complete: true, writer: writer.progress() }, true);
}

/** All that decides the samples but the device. */
export function sampleFacts(
  folder: string,
  { arrays }: Pick<SavedRun, "arrays">,
  { count, seed, temperature, mode }: SampleOptions,
): Record<string, string> {
  const parameters = Object.keys(arrays)
    .sort()
    .flatMap((name) => {
      const { buffer, byteOffset, byteLength } = entryOf(arrays, name).data;
      return [name, new Uint8Array(buffer, byteOffset, byteLength)];
    });
  return factsOf(hashOf(readFileSync(runPaths(folder).config), ...parameters), {
    "--count": count,
    "--seed": seed,
    "--temperature": temperature,
    "--mode": mode,
  });
}
