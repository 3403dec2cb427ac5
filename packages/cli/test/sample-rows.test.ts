import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { type RowFormat, rowFormats } from "../src/data/written/written-rows.js";
import { expectDiskSpace } from "../src/files/place.js";
import { communicator } from "../src/ranks/communicator.js";
import { writeContinuedRows } from "../src/runs/continued-rows.js";
import {
  groupOf,
  rangeOf,
  type Sampling,
  sampleInto,
  sampleProgress,
  writerOf,
} from "../src/samples/sample-into.js";
import { silentTerminal } from "../src/ui/terminal.js";
import { jobOf } from "./ranks/job.js";
import { temporaryFolder } from "./temporary-folder.js";

const folder = temporaryFolder();
const COUNT = 1900;
const terminal = silentTerminal({});
const noOne = { rank: 0, size: 1 };

/** Samples (i, i / 3) of row i, in blocks of 256; fails behind so many of them. */
const modelOf = (most = Number.POSITIVE_INFINITY): Sampling["model"] => ({
  async *sampleBlocks(n, { from = 0, to = n } = {}) {
    let blocks = 0;
    for (let at = from; at < to; at += 256) {
      if (blocks++ === most) throw new Error("killed");
      const count = Math.min(256, to - at);
      yield Float32Array.from({ length: 2 * count }, (_, k) => (at + (k >> 1)) / (k % 2 ? 3 : 1));
    }
  },
});

/** One of several processes, or the only one, writes its rows. */
function write(
  file: string,
  format: RowFormat,
  most?: number,
  ranks?: Parameters<typeof writeContinuedRows>[0]["ranks"],
) {
  const sampling: Sampling = {
    model: modelOf(most),
    data: { shape: [2], columns: ["a", "b"] },
    file,
    format,
    group: 512,
    options: { count: COUNT, seed: 0, temperature: 1, mode: "sample" },
    share: ranks,
    terminal,
  };
  let began = 0;
  const ended = writeContinuedRows(
    {
      out: file,
      stdout: { write: () => true },
      format,
      facts: {},
      state: sampleProgress,
      terminal,
      ranks,
      done: "sampled",
      writerOf: (add, begun) => writerOf(sampling, add, begun),
    },
    async (output, begun) => {
      began = output.kept?.rows ?? 0;
      await sampleInto(output, sampling, begun);
    },
  );
  return ended.then(() => began);
}

describe.each(rowFormats)("rows that are sampled into .%s", (format) => {
  const whole = join(folder, `whole.${format}`);

  it("have the bytes of one go after a kill", async () => {
    await write(whole, format);
    const file = join(folder, `killed.${format}`);
    await expect(write(file, format, 3)).rejects.toThrow("killed");
    expect(existsSync(file)).toBe(false);
    expect(await write(file, format)).toBe(format === "parquet" ? 512 : 256); // the first record counts
    expect(readFileSync(file).equals(readFileSync(whole))).toBe(true);
  });

  it("have the bytes of one process where several share them", async () => {
    for (const size of [2, 5]) {
      const file = join(folder, `shared-${size}.${format}`);
      await Promise.all(
        jobOf(size).map((mpi) => {
          const members = Array.from({ length: size }, (_, rank) => ({ rank, host: "here", pid: rank + 1 }));
          return write(file, format, undefined, { ...mpi, comm: communicator(mpi, () => {}), members });
        }),
      );
      expect(readFileSync(file).equals(readFileSync(whole))).toBe(true);
    }
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

describe("the rows of a sampling", () => {
  it("are all there, in groups of rows that are parted nowhere", async () => {
    const file = await asyncBufferFromFile(join(folder, "whole.parquet"));
    const rows = await parquetReadObjects({ file });
    expect(rows.map(({ a, b }) => [a, Math.fround(b)])).toEqual(
      Array.from({ length: COUNT }, (_, i) => [i, Math.fround(i / 3)]),
    );
    const lines = readFileSync(join(folder, "whole.csv"), "utf8").trim().split("\n");
    expect([lines.length, lines[0], lines[3]]).toEqual([COUNT + 1, "a,b", "2,0.6666667"]);
    const array = JSON.parse(readFileSync(join(folder, "whole.json"), "utf8"));
    expect([array.length, array[2]]).toEqual([COUNT, { a: 2, b: expect.closeTo(2 / 3, 6) }]);
    const objects = readFileSync(join(folder, "whole.jsonl"), "utf8").trim().split("\n");
    expect(JSON.parse(objects.at(-1)!)).toEqual({ a: COUNT - 1, b: expect.closeTo((COUNT - 1) / 3, 3) });
  });

  it("are shared in order, whole units each", () => {
    for (const [count, unit, size] of [
      [1900, 256, 5],
      [100, 256, 3],
      [1e7, 131_072, 4],
    ] as const) {
      const ranges = Array.from({ length: size }, (_, rank) => rangeOf(count, unit, { rank, size }));
      expect([ranges[0]!.from, ranges.at(-1)!.to]).toEqual([0, count]);
      for (const [i, { from, to }] of ranges.entries()) {
        expect(from % unit === 0 || from === count).toBe(true);
        expect(to - from).toBeLessThan(count / size + unit);
        expect(from).toBe(i > 0 ? ranges[i - 1]!.to : 0);
      }
    }
    expect(rangeOf(300, 256, noOne)).toEqual({ from: 0, to: 300 });
    expect([2, 100, 1e6].map(groupOf)).toEqual([131_072, 32_768, 256]);
  });

  it("that their disk has no room for are refused; a device has no room to look at", async () => {
    const most = 2 ** 80;
    await expect(expectDiskSpace(join(folder, "large.npy"), most)).rejects.toThrow("its disk has");
    await expect(expectDiskSpace(join(folder, "small.npy"), 1)).resolves.toBeUndefined();
    await expect(expectDiskSpace("/dev/null", most)).resolves.toBeUndefined();
  });
});
