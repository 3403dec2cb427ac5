import { DataError, decodeSafetensors, type Executor, UsageError } from "@flowify/core";
import {
  conformalP,
  decodeDetector,
  detectorOnnx,
  encodedTable,
  featureWidth,
  findSchema,
  fitTableDetector,
  openDetector,
  schemaToLearn,
  scoresAsCsv,
  type TableDetector,
  type TableSchema,
  tableReasoner,
} from "flowify/tables/browser";
import type { Progress } from "../../run/session.js";
import { seldom, serialQueue } from "../../ui/coalesce.js";
import { nameOf, openBackend, orInWasm } from "../../worker/backend.js";
import type { CallContext } from "../../worker/messages.js";
import { LIMITS, type TableConfig } from "./config.js";
import { barsOf, type ReadTable, readTableFile } from "./read-table.js";

/** A table with the scores of all its rows. */
type Judged = Readonly<{ source: ReadTable; rows: Float32Array; scores: Float64Array }>;

/** A detector, the table that it was trained on, and the one whose rows are shown. */
type Session = Readonly<{
  schema: TableSchema;
  fitted: TableDetector;
  open: Awaited<ReturnType<typeof openDetector>>;
  own: Judged;
  judged: Judged;
}>;

/** The score of the page. */
const SCORE = "combination";
/** Rows that are shown. */
const SHOWN = 100;
/** Rows that are scored between two messages. */
const SCORED = 512;

let read: ReadTable | undefined;
let session: Session | undefined;
const inTurn = serialQueue();

const scored = (): Session => {
  if (session) return session;
  throw new UsageError("no detector is trained yet");
};

async function forget(): Promise<void> {
  const last = session;
  session = undefined;
  await last?.open.dispose().catch(() => {}); // the arrays of a lost device are lost
}

/** The rows of a table as numbers, by the columns of a schema. */
const rowsOf = async (
  { name, table }: ReadTable,
  schema: TableSchema,
  warn: (line: string) => void = () => {},
): Promise<Float32Array> => (await encodedTable(name, table, { schema, warn }).all()).rows;

type Learned = Pick<Session, "schema" | "fitted" | "open" | "own">;

export type DetectorFacts = ReturnType<typeof begin>;

/** Takes a detector for the one of the page. */
function begin(
  learned: Learned,
  rest: Readonly<{ device: string; steps: number; notes: readonly string[] }>,
) {
  session = { ...learned, judged: learned.own };
  const { detector, calibrations } = learned.fitted;
  const columns = detector.columns.map((column) => column.name);
  /** `steps` that were taken, `heldOut` rows that judge the others, and names of the columns. */
  return { ...rest, heldOut: calibrations[SCORE].scores.length, columns };
}

type TrainArgs = Readonly<{ drop: readonly string[]; id: string | undefined }> &
  Omit<TableConfig, "falseAlarms">;

async function train(
  { drop, id, contaminated, seed, steps }: TrainArgs,
  executor: Executor,
  { signal, emit }: CallContext<Progress>,
  why?: string,
): Promise<DetectorFacts> {
  if (!read) throw new UsageError("no table is open");
  const source = read;
  const choice = { drop, ...(id !== undefined && { id }) };
  const { schema, notes } = await schemaToLearn(source.name, source.table, choice);
  const numbers = featureWidth(schema);
  if (numbers > LIMITS.numbers)
    throw new DataError(
      `${source.name}: its columns become ${numbers} numbers, expected at most ${LIMITS.numbers} on this page\nleave out columns with many different texts`,
    );
  const rows = await rowsOf(source, schema);
  let taken = 0;
  const tell = seldom(emit);
  const columns = schema.columns.filter(({ use }) => use === "model");
  const fitted = await fitTableDetector(executor, rows, columns, {
    contaminated,
    seed,
    steps,
    signal,
    onStep(step) {
      taken = step;
      tell({ stage: "training", done: step, of: steps });
    },
  });
  const open = await openDetector(executor, fitted.detector);
  const own = { source, rows, scores: await scoreAll(open, columns.length, rows, emit) };
  const device = why === undefined ? nameOf(executor) : `Wasm (${why})`;
  return begin({ schema, fitted, open, own }, { device, steps: taken, notes });
}

/** A table that was read: its columns, and how often their values occur. */
export type OpenedTable = ReturnType<typeof viewOf>;

const viewOf = (found: ReadTable) => ({
  name: found.name,
  schema: found.schema,
  /** Assumptions about the file, a line each. */
  notes: found.table.notes,
  /** For each column the rows in bins of its range, or with each of its most frequent values; empty for other columns. */
  bars: found.schema.columns.map((column, at) => barsOf(found, column, at)),
});

type RestoreArgs = Readonly<{ file: File; id: string; stored: Uint8Array; device: TableConfig["device"] }>;

/** Opens a table with a detector that was fitted to it before, and the scores of all its rows (`example-detector.ts`). */
async function restore({ file, id, stored, device }: RestoreArgs) {
  const source = await readTableFile(file);
  const schema = await findSchema(source.name, source.table, { id });
  const fitted = decodeDetector(stored, (why) => new DataError(`${source.name}: not a detector: ${why}`));
  const { tensors, metadata } = decodeSafetensors(stored);
  const own = {
    source,
    rows: await rowsOf(source, schema),
    scores: tensors.scores?.data as Float64Array,
  };
  const open = await openDetector(await openBackend(device), fitted.detector);
  read = source;
  const facts = begin(
    { schema, fitted, open, own },
    {
      device: "ONNX Runtime",
      steps: Number(metadata.steps),
      notes: ["The page came with this detector. Train learns it again, here."],
    },
  );
  return { table: viewOf(source), facts };
}

async function scoreAll(
  open: Session["open"],
  width: number,
  rows: Float32Array,
  emit: (progress: Progress) => void,
): Promise<Float64Array> {
  const all = new Float64Array(rows.length / width);
  for (let from = 0; from < all.length; from += SCORED) {
    emit({ stage: "scoring", done: from, of: all.length });
    const part = rows.subarray(from * width, (from + SCORED) * width);
    all.set((await open.score(part, [SCORE]))[SCORE], from);
  }
  return all;
}

/** The share of held-out rows that have such a score, or a higher one. */
const pOf = (score: number): number => conformalP(scored().fitted.calibrations[SCORE], score);

/** The rows from the highest score to the lowest. */
const ranked = (scores: Float64Array): number[] =>
  Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);

/** A row, from 1 on, with its name and the cells of the columns that the detector takes. */
function namedRow(row: number, { table, cells }: ReadTable) {
  const { schema, fitted } = scored();
  const textOf = (name: string): string => String(cells[row]![table.names.indexOf(name)] ?? "");
  const id = schema.columns.find(({ use }) => use === "id");
  return {
    row: row + 1,
    name: (id && textOf(id.name)) || String(row + 1),
    cells: fitted.detector.columns.map(({ name }) => textOf(name)),
  };
}

/** The rows of the highest scores, and the p-values of all rows, ascending. */
export type RankedRows = Awaited<ReturnType<(typeof tableHandlers)["table.rows"]>>;
/** Why a row is unlikely; `rows` are the row itself and its nearest training rows. */
export type RowStory = Awaited<ReturnType<(typeof tableHandlers)["table.reasons"]>>;
/** The file whose rows are judged, and how it differs from the one that the detector was trained on, a line each. */
export type JudgedFile = Readonly<{ name: string; notes: readonly string[] }>;
type Judging = Pick<TableConfig, "falseAlarms">;

/** Calls to the worker of the table tab. */
export const tableHandlers = {
  "table.open": ({ file }: { file: File }) =>
    inTurn(async () => {
      await forget();
      read = undefined;
      const found = await readTableFile(file);
      read = found;
      return viewOf(found);
    }),

  "table.restore": (args: RestoreArgs) =>
    inTurn(async () => {
      await forget();
      return restore(args);
    }),

  /** Trains a detector and scores all rows. Its signal ends the training; the best state so far then scores. */
  "table.train": (args: TrainArgs, context: CallContext<Progress>) =>
    inTurn(async () => {
      await forget();
      return orInWasm(await openBackend(args.device), (executor, why) => train(args, executor, context, why));
    }),

  /** Scores the rows of another file with the columns of the first; without one, those of the first again. */
  "table.judge": ({ file }: { file: File | undefined }, { emit }: CallContext<Progress>) =>
    inTurn(async (): Promise<JudgedFile> => {
      const { own, open, schema, fitted } = scored();
      if (file === undefined) {
        session = { ...scored(), judged: own };
        return { name: own.source.name, notes: [] };
      }
      const source = await readTableFile(file);
      const { name } = source;
      if (source.cells.length === 0)
        throw new DataError(`${name}: a header and no rows, expected rows of values`);
      const notes: string[] = [];
      const rows = await rowsOf(source, schema, (line) => void notes.push(line));
      const scores = await scoreAll(open, fitted.detector.columns.length, rows, emit);
      session = { ...scored(), judged: { source, rows, scores } };
      return { name, notes };
    }),

  "table.rows": async (_: object, { transfer }: CallContext) => {
    const { scores, source } = scored().judged;
    const order = ranked(scores);
    const all = Float64Array.from(order, (row) => pOf(scores[row]!));
    transfer(all.buffer);
    const rows = order
      .slice(0, SHOWN)
      .map((row, i) => ({ ...namedRow(row, source), score: scores[row]!, p: all[i]! }));
    return { rows, all };
  },

  "table.reasons": ({ row, falseAlarms }: Judging & { row: number }) =>
    inTurn(async () => {
      const { fitted, open, own, judged } = scored();
      const { rows, scores, source } = judged;
      const width = fitted.detector.columns.length;
      const reasoner = tableReasoner(fitted, open, SCORE, falseAlarms);
      const [reasons] = await reasoner.reasonsOf(rows.slice((row - 1) * width, row * width));
      return {
        p: pOf(scores[row - 1]!),
        reasons: reasons!,
        rows: [
          namedRow(row - 1, source),
          ...reasons!.nearestNumbers.map((each) => namedRow(each - 1, own.source)),
        ],
      };
    }),

  /** Scores, p-values and flags of all rows as CSV. */
  "table.save": async ({ falseAlarms }: Judging) => {
    const { schema, judged } = scored();
    const rows = Array.from(judged.scores, (score, row) => {
      const p = pOf(score);
      return [namedRow(row, judged.source).name, score, p, Number(p <= falseAlarms)];
    });
    return scoresAsCsv(schema, rows);
  },

  /** The detector as an ONNX file. */
  "table.export": ({ falseAlarms }: Judging, { transfer }: CallContext) =>
    inTurn(async () => {
      const { fitted, open } = scored();
      const own = new Uint8Array(detectorOnnx(fitted, open, { falseAlarms }).bytes);
      transfer(own.buffer);
      return own;
    }),
};
