import * as v from "valibot";
import { writeOutput } from "../data/written/output.js";
import { begunBehind, joinedProgress } from "../data/written/row-writer.js";
import type { RowFormat, RowWriter } from "../data/written/written-rows.js";
import { version } from "../environment.js";
import type { Write } from "../files/atomic.js";
import { placeOf } from "../files/place.js";
import { agree } from "../ranks/agreement.js";
import type { Ranks } from "../ranks/ranks.js";
import { formatCount } from "../ui/format.js";
import type { OutputStream, Terminal } from "../ui/terminal.js";
import { type ResumableFile, writeResumable } from "./resumable-file.js";
import { removePartsOfRanks, writeShared } from "./shared-file.js";

/** How far the rows of a process have come. */
export const rowProgress = {
  /** Those that are written. */
  rows: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** They are all of its rows, and what stands behind them is written, too. */
  complete: v.boolean(),
  /** The progress of their writer. */
  writer: v.unknown(),
};
type Progress = Readonly<{ rows: number; complete: boolean; writer?: unknown }>;

/**
 * All that decides the rows of a run but the device.
 *
 * @param run a hash of it
 * @param given flags as they are written, where they are set
 */
export const factsOf = (
  run: string,
  given: Readonly<Record<string, string | number | undefined>>,
): Record<string, string> => {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    "version of flowify": version,
    run,
    ...Object.fromEntries(set.map(([name, value]) => [name, String(value)])),
  };
};

type RowsOptions<State extends Progress> = Readonly<{
  /** Default standard output. */
  out: string | undefined;
  stdout: OutputStream;
  format: RowFormat;
  /** Whether what the rows are made from can be read once more. Default true. */
  isRepeatable?: boolean;
  /** All that decides the rows but the device, by name. */
  facts: Readonly<Record<string, string>>;
  state: v.GenericSchema<unknown, State>;
  terminal: Pick<Terminal, "warn" | "note">;
  ranks: Pick<Ranks, "rank" | "size" | "comm" | "members"> | undefined;
  /** What the rows are: `scored`. */
  done: string;
  /** A writer that goes on behind rows that are written. */
  writerOf(write: Write, begun: unknown): Pick<RowWriter, "end">;
}>;

/**
 * Writes rows by one process or by all ranks of a job. In a file, what a killed command has written is kept, and the same command goes
 * on there; a device or a pipe is written at once.
 *
 * @param produce writes the rows of this process behind those that were `begun`
 * @returns the last states of all ranks, where this process has put their parts together
 */
export async function writeContinuedRows<State extends Progress>(
  {
    out,
    stdout,
    format,
    isRepeatable = true,
    facts,
    state,
    terminal,
    ranks,
    done,
    writerOf,
  }: RowsOptions<State>,
  produce: (file: ResumableFile<State>, begun: unknown) => Promise<void>,
): Promise<readonly State[]> {
  const { "version of flowify": flowify = "", "--data": data = "", ...others } = facts;
  if (ranks)
    await agree(ranks.comm, ranks.members, { facts: { flowify, data, settings: JSON.stringify(others) } });
  if (out === undefined || !isRepeatable || !placeOf(out).replace) {
    const once = { kept: undefined, keep: async () => {} };
    await writeOutput(out, stdout, (write) => produce({ ...once, write }, undefined));
    return [];
  }
  let states: readonly State[] = [];
  const options = { facts, state, warn: terminal.warn };
  const goOn = (file: ResumableFile<State>) => {
    if (file.kept)
      terminal.note(
        `going on after ${formatCount(file.kept.rows)} ${done} row${file.kept.rows === 1 ? "" : "s"}`,
      );
    const behindOthers = ranks && ranks.rank > 0 ? begunBehind(format) : undefined;
    return produce(file, file.kept?.writer ?? behindOthers);
  };
  if (ranks)
    await writeShared(out, ranks, options, goOn, async (parts, write) => {
      const written = parts.map(({ bytes, state: last }) => ({ bytes, progress: last.writer }));
      await writerOf(write, joinedProgress(format, written)).end();
      states = parts.map(({ state: last }) => last);
    });
  else {
    await removePartsOfRanks(out, terminal.warn);
    await writeResumable(out, options, goOn);
  }
  return states;
}
