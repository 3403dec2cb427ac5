import { existsSync } from "node:fs";
import { join } from "node:path";
import { DeviceError, MismatchError, UsageError } from "@flowify/core";
import { loadRuntime, type Runtime } from "@flowify/onnx";
import { ortCpu, portable } from "jax-to-onnx";
import { blockOf } from "../data/table/block.js";
import { type Cell, cellReader, cellText } from "../data/table/cell.js";
import { isPattern } from "../data/table/sources/file-pattern.js";
import { openTable } from "../data/table/sources/open-table.js";
import { STANDARD_INPUT } from "../data/table/sources/standard-input.js";
import { BLOCK } from "../data/table/table.js";
import { type OpenDetector, openDetector } from "../detect/detector.js";
import { readDetector } from "../detect/detector-file.js";
import { graphInput } from "../detect/detector-graph.js";
import { detectorOnnx } from "../detect/detector-onnx.js";
import type { TableDetector } from "../detect/table-detector.js";
import { withExecutor } from "../executors.js";
import { jsonText } from "../files/atomic.js";
import type { CommonFlags } from "../flags/shared.js";
import { valueAt } from "../places.js";
import type { RunConfig } from "../run-config.js";
import { readRunConfig } from "../runs/config-file.js";
import { runPaths, writeFiles } from "../runs/folder.js";
import { FALSE_ALARMS } from "../scores/score-threshold.js";
import { ownColumns, type TableColumn, tableColumns } from "../tables/columns/kinds.js";
import { rowEncoder } from "../tables/row-encoder.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

const FILE = "detector.onnx";
export const DESCRIPTION = "detector.json";

/** Largest difference of a score, as a part of 1 + |score|. */
const CLOSE = 1e-4;

/** What exported graphs are for, by the names of the command. */
export const targets = { portable, "ort-cpu": ortCpu } as const;

/** Writes the detector of a run of a table as one ONNX file, with a description of its inputs and outputs. */
export async function exportDetector(
  flags: CommonFlags & { out: string; falseAlarms?: number; target?: keyof typeof targets },
  folder: string,
  terminal: Terminal,
): Promise<void> {
  const { out, falseAlarms = FALSE_ALARMS } = flags;
  const config = readRunConfig(folder);
  if (!config.data.reading?.schema)
    throw new UsageError(`--detector: ${config.data.name} is no table\nleave --detector out`);
  const found = readDetector(runPaths(folder).detector, folder, config);
  const file = join(out, FILE);
  await withExecutor(flags, terminal, async (executor) => {
    const open = await openDetector(executor, found.detector);
    const target = targets[flags.target ?? "portable"];
    const { bytes, nodes, description: described } = detectorOnnx(found, open, { falseAlarms, target });
    const { format, version, ...more } = described;
    const description = { format, version, file: FILE, ...more };
    await writeFiles(out, async (write) => {
      await write(FILE, bytes);
      await write(DESCRIPTION, jsonText(description));
    });
    const difference = await differenceOn(config.data, found, open, bytes, terminal);
    await open.dispose();
    terminal.say(
      `${file}: ${(bytes.length / 2 ** 20).toFixed(1)} MiB, ${formatCount(nodes)} nodes; takes ${description.inputs.map(({ name }) => name).join(", ")}; returns score, p, flag`,
    );
    terminal.document({ ...description, folder: out, ...(difference !== undefined && { difference }) });
    if (difference !== undefined && difference > CLOSE)
      throw new MismatchError(
        `${file}: ONNX Runtime and flowify compute different scores: they differ by up to ${difference.toExponential(1)} of 1 + |score|\nthe file is written: do not use it`,
      );
  });
}

/** The largest difference of the file's scores from the detector's, on the first rows of the run's table; undefined where there is no table or no runtime. */
async function differenceOn(
  { name: path, reading }: RunConfig["data"],
  found: TableDetector,
  open: OpenDetector,
  bytes: Uint8Array,
  { warn }: Terminal,
): Promise<number | undefined> {
  if (path === STANDARD_INPUT || !(isPattern(path) || existsSync(path))) {
    warn(`${path} is missing: the file is written without a comparison`);
    return undefined;
  }
  const table = await openTable(path, reading);
  const { value: first } = await table.blocks().next();
  const block = blockOf(first?.rows.slice(0, BLOCK) ?? []);
  const columns = ownColumns(tableColumns(found.detector));
  const rows = rowEncoder(path, table, columns).encode(block);
  const { combination } = await open.score(rows, ["combination"]);
  const runtime = await loadRuntime().catch((error: unknown) => {
    if (!(error instanceof DeviceError)) throw error;
    warn("ONNX Runtime is not installed: the file is written without a comparison");
    return undefined;
  });
  if (runtime === undefined) return undefined;
  const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { score } = await session.run(feedsOf(runtime, table, columns, block.rows));
  await session.release();
  const computed = score!.data as Float32Array;
  return combination.reduce(
    (most, wanted, i) => Math.max(most, Math.abs(valueAt(computed, i) - wanted) / (1 + Math.abs(wanted))),
    0,
  );
}

/** The inputs of the graph for rows of a table. */
function feedsOf(
  { Tensor }: Runtime,
  { names }: Readonly<{ names: readonly string[] }>,
  inputs: readonly TableColumn[],
  block: readonly (readonly Cell[])[],
) {
  const reader = cellReader();
  const feeds = inputs.map((input) => {
    const at = names.indexOf(input.name);
    const cells = block.map((row) => row[at]);
    const isMissing = (cell: Cell | undefined): boolean => reader.read(cell) === "missing";
    const tensor = input.kind.isText
      ? new Tensor(
          "string",
          cells.map((cell) => (isMissing(cell) ? "" : cellText(cell))),
          [cells.length, 1],
        )
      : new Tensor(
          "float64",
          Float64Array.from(cells, (cell) => (isMissing(cell) ? Number.NaN : reader.value)),
          [cells.length, 1],
        );
    return [graphInput(input), tensor] as const;
  });
  return Object.fromEntries(feeds);
}
