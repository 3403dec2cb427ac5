import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { flowNames, tableColumns } from "../../src/tables/columns/kinds.js";
import { flowInput } from "../../src/tables/flow-input.js";
import { encodedRows, flowRows } from "../../src/tables/flow-rows.js";
import { readRows } from "../../src/tables/read-rows.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();
const COUNT = 1200;

async function table(calendar: readonly string[]) {
  const rng = makeRng(5);
  const path = join(root, `${calendar.length}.csv`);
  const lines = Array.from({ length: COUNT }, (_, i) => {
    const time = new Date(
      Date.UTC(1896, 1, 27) + Math.floor(i * 53.7) * 86_400_000 + rng.integer(24) * 3_600_000,
    );
    const shop = rng.uniform() < 0.1 ? "" : ["web", "store", "phone"][rng.integer(3)];
    const weight = rng.uniform() < 0.1 ? "" : (1e7 + 3 * rng.normal()).toFixed(4);
    return `${i % 40 === 7 ? "" : time.toISOString()},${weight},${shop},${rng.integer(6)}`;
  });
  writeFileSync(path, `time,weight,shop,count\n${lines.join("\n")}\n`);
  return readRows(path, { calendar });
}

it.each([[[]], [["time"]]])(
  "a detector gives a flow the rows of its training but for their noise: calendar %j",
  async (calendar) => {
    const { schema, encoded, names } = await table(calendar);
    const columns = tableColumns(schema);
    expect(names).toEqual(flowNames(columns));
    const own = encoded.length / COUNT;
    const { rows, fillLog } = flowInput(columns)(np.array(Float32Array.from(encoded)).reshape([COUNT, own]));
    const [given, logs] = [rows.dataSync(), fillLog.dataSync()];
    const noisy = flowRows(columns, encoded);
    for (const { name, found, place, at, indicator } of columns) {
      const { gap = 0, range, missing } = found;
      const step = range ? gap : 1;
      const [wrong, lost] = [new Set<number>(), new Set<number>()];
      for (let row = 0; row < COUNT; row++) {
        const to = row * names.length + at;
        const isMissing = range !== undefined && Number.isNaN(encoded[row * own + place]);
        if (isMissing) lost.add(row);
        if (indicator && given[to + 1] !== Number(isMissing)) wrong.add(row);
        const far = Math.abs(given[to]! - noisy.rows[to]!);
        if (isMissing ? given[to] !== Math.fround(range.mean - (found.origin ?? 0)) : far > step / 2 + 1e-6)
          wrong.add(row);
      }
      expect([name, [...wrong]]).toEqual([name, []]);
      expect([name, lost.size]).toEqual([name, range ? missing : 0]);
    }
    // log q of a sample is at most that of the mean
    logs.forEach((log, row) => {
      expect(noisy.fillLog[row]! - log).toBeLessThan(1e-4);
      expect(log === 0).toBe(noisy.fillLog[row] === 0);
    });
    const again = encodedRows(columns, noisy.rows);
    const changed = Array.from(again.keys()).filter(
      (i) => Number.isNaN(again[i]) !== Number.isNaN(encoded[i]),
    );
    expect(changed).toEqual([]);
  },
);
