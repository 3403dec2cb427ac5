import { DataError, decodeSafetensors, type Executor, UsageError } from "@flowify/core";
import {
  conformalP,
  decodeDetector,
  detectorOnnx,
  encodedTable,
  featureWidth,
  findSchema,
  fitTableDetector,
  type OpenDetector,
  openDetector,
  type ScoreKind,
  schemaToLearn,
  scoreKinds,
  scoresAsCsv,
  type TableDetector,
  type TableSchema,
  tableReasoner,
} from "flowify/tables/browser";
import type { Progress } from "../../run/session.js";
import { serialQueue } from "../../ui/coalesce.js";
import { nameOf, openBackend, orInWasm } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import type { DetectorFacts, NamedRow, OpenedTable, TableCalls } from "./calls.js";
import { LIMITS } from "./config.js";
import { barsOf, type ReadTable, readTableFile } from "./read-table.js";

/** A table with the scores of all its rows. */
type Judged = Readonly<{
  source: ReadTable;
  rows: Float32Array;
  scores: Readonly<Record<ScoreKind, Float64Array>>;
}>;

/** A detector, the table that it was trained on, and the one whose rows are shown. */
type Session = Readonly<{
  schema: TableSchema;
  fitted: TableDetector;
  open: OpenDetector;
  own: Judged;
  judged: Judged;
}>;

/** Rows that are scored between two messages. */
const SCORED = 512;
/** Milliseconds between two messages of training. */
const TOLD = 100;

let read: ReadTable | undefined;
let session: Session | undefined;
const inTurn = serialQueue();

const opened = (): ReadTable => {
  if (read) return read;
  throw new UsageError("no table is open");
};

const scored = (): Session => {
  if (session) return session;
  throw new UsageError("no detector is trained yet");
};

async function forget(): Promise<void> {
  const last = session;
  session = undefined;
  await last?.open.dispose().catch(() => {}); // the arrays of a lost device are lost
}

type Training = Readonly<{ signal: AbortSignal; emit: (progress: Progress) => void }>;

async function train(
  args: TableCalls["table.train"]["args"],
  executor: Executor,
  { signal, emit }: Training,
  why?: string,
): Promise<DetectorFacts> {
  const source = opened();
  const { name, table } = source;
  const { drop, id, contaminated, seed, steps } = args;
  const choice = { drop, ...(id !== undefined && { id }) };
  const { schema, notes } = await schemaToLearn(name, table, choice);
  const columns = schema.columns.filter(({ use }) => use === "model");
  const numbers = featureWidth(schema);
  if (numbers > LIMITS.numbers)
    throw new DataError(
      `${name}: its columns become ${numbers} numbers, expected at most ${LIMITS.numbers} on this page\nleave out columns with many different texts`,
    );
  const { rows } = await encodedTable(name, table, { schema, warn() {} }).all();
  let [taken, told] = [0, 0];
  const fitted = await fitTableDetector(executor, rows, columns, {
    contaminated,
    seed,
    steps,
    signal,
    onStep(step) {
      taken = step;
      if (performance.now() - told < TOLD) return;
      told = performance.now();
      emit({ stage: "training", done: step, of: steps });
    },
  });
  const open = await openDetector(executor, fitted.detector);
  const own = { source, rows, scores: await scoreAll(open, fitted, rows, emit) };
  session = { schema, fitted, open, own, judged: own };
  return {
    device: why === undefined ? nameOf(executor) : `Wasm (${why})`,
    steps: taken,
    heldOut: fitted.calibrations.combination.scores.length,
    columns: columns.map((column) => column.name),
    notes,
  };
}

const viewOf = (found: ReadTable): OpenedTable => ({
  name: found.name,
  schema: found.schema,
  notes: found.table.notes,
  bars: found.schema.columns.map((column, at) => barsOf(found, column, at)),
});

async function restore({
  file,
  id,
  stored,
  device,
}: TableCalls["table.restore"]["args"]): Promise<TableCalls["table.restore"]["result"]> {
  const source = await readTableFile(file);
  const { name, table } = source;
  const schema = await findSchema(name, table, { id });
  const fitted = decodeDetector(stored, (why) => new DataError(`${name}: not a detector: ${why}`));
  const { tensors, metadata } = decodeSafetensors(stored);
  const { rows } = await encodedTable(name, table, { schema, warn() {} }).all();
  const scores = Object.fromEntries(
    scoreKinds.map((kind) => [kind, tensors[`scores.${kind}`]!.data as Float64Array]),
  ) as Judged["scores"];
  const own = { source, rows, scores };
  const open = await openDetector(await openBackend(device), fitted.detector);
  read = source;
  session = { schema, fitted, open, own, judged: own };
  return {
    table: viewOf(source),
    facts: {
      device: "ONNX Runtime",
      steps: Number(metadata.steps),
      heldOut: fitted.calibrations.combination.scores.length,
      columns: fitted.detector.columns.map((column) => column.name),
      notes: ["The page came with this detector. Train learns it again, here."],
    },
  };
}

/** All scores of all rows. */
async function scoreAll(
  open: OpenDetector,
  { detector: { columns } }: TableDetector,
  rows: Float32Array,
  emit: (progress: Progress) => void,
): Promise<Judged["scores"]> {
  const width = columns.length;
  const count = rows.length / width;
  const all = Object.fromEntries(scoreKinds.map((kind) => [kind, new Float64Array(count)])) as Record<
    ScoreKind,
    Float64Array
  >;
  for (let from = 0; from < count; from += SCORED) {
    const to = Math.min(count, from + SCORED);
    emit({ stage: "scoring", done: from, of: count });
    const part = rows.subarray(from * width, to * width);
    const found = await open.score(part, scoreKinds);
    for (const kind of scoreKinds) all[kind].set(found[kind], from);
  }
  return all;
}

/** The rows from the highest score to the lowest. */
const ranked = (scores: Float64Array): number[] =>
  Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);

/** A row with the cells of the columns that the detector takes. */
function namedRow(row: number, { table, cells }: ReadTable): NamedRow {
  const { schema, fitted } = scored();
  const textOf = (name: string): string => String(cells[row]![table.names.indexOf(name)] ?? "");
  const id = schema.columns.find(({ use }) => use === "id");
  return {
    row: row + 1,
    name: (id && textOf(id.name)) || String(row + 1),
    cells: fitted.detector.columns.map(({ name }) => textOf(name)),
  };
}

export const tableHandlers: Handlers<keyof TableCalls> = {
  "table.open": ({ file }) =>
    inTurn(async () => {
      await forget();
      read = undefined;
      const found = await readTableFile(file);
      read = found;
      return viewOf(found);
    }),

  "table.restore": (args) =>
    inTurn(async () => {
      await forget();
      return restore(args);
    }),

  "table.train": (args, context) =>
    inTurn(async () => {
      await forget();
      return orInWasm(await openBackend(args.device), (executor, why) => train(args, executor, context, why));
    }),

  "table.judge": ({ file }, { emit }) =>
    inTurn(async () => {
      const { schema, fitted, open, own } = scored();
      if (file === undefined) {
        session = { schema, fitted, open, own, judged: own };
        return { name: own.source.name, notes: [] };
      }
      const source = await readTableFile(file);
      const { name, table, cells } = source;
      const notes: string[] = [];
      const encoded = encodedTable(name, table, { schema, warn: (line) => void notes.push(line) });
      if (cells.length === 0) throw new DataError(`${name}: a header and no rows, expected rows of values`);
      const { rows } = await encoded.all();
      const judged = { source, rows, scores: await scoreAll(open, fitted, rows, emit) };
      session = { schema, fitted, open, own, judged };
      return { name, notes };
    }),

  "table.rows": async ({ score, count }, { transfer }) => {
    const { judged, fitted } = scored();
    const { scores, source } = judged;
    const order = ranked(scores[score]);
    const pOf = (row: number): number => conformalP(fitted.calibrations[score], scores[score][row]!);
    const all = Float64Array.from(order, pOf);
    transfer(all.buffer);
    return {
      rows: order
        .slice(0, count)
        .map((row, i) => ({ ...namedRow(row, source), score: scores[score][row]!, p: all[i]! })),
      all,
    };
  },

  "table.reasons": ({ row, score, falseAlarms }) =>
    inTurn(async () => {
      const { fitted, open, own, judged } = scored();
      const { rows, scores, source } = judged;
      const width = fitted.detector.columns.length;
      const reasoner = tableReasoner(fitted, open, score, falseAlarms);
      const [reasons] = await reasoner.reasonsOf(rows.slice((row - 1) * width, row * width));
      const p = conformalP(fitted.calibrations[score], scores[score][row - 1]!);
      return {
        p,
        reasons: reasons!,
        rows: [
          namedRow(row - 1, source),
          ...reasons!.nearestNumbers.map((each) => namedRow(each - 1, own.source)),
        ],
      };
    }),

  "table.save": async ({ score, falseAlarms }) => {
    const { schema, fitted, judged } = scored();
    const { scores, source } = judged;
    const rows = Array.from(scores[score], (value, row) => {
      const p = conformalP(fitted.calibrations[score], value);
      return [namedRow(row, source).name, value, p, Number(p <= falseAlarms)];
    });
    return scoresAsCsv(schema, rows);
  },

  "table.export": ({ falseAlarms }, { transfer }) =>
    inTurn(async () => {
      const { fitted, open } = scored();
      const { bytes } = detectorOnnx(fitted, open, { falseAlarms });
      const own = new Uint8Array(bytes);
      transfer(own.buffer);
      return own;
    }),
};
