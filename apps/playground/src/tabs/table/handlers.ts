import type { Executor } from "@flowify/core";
import { DataError, UsageError } from "@flowify/core";
import {
  conformalP,
  csvScores,
  detectorEncoder,
  expectEnough,
  expectUsable,
  findSchema,
  fitTableDetector,
  idHeader,
  inputsOf,
  type OpenDetector,
  openDetector,
  type ScoreKind,
  scoreKinds,
  type TableDetector,
  type TableSchema,
  tableReasoner,
} from "flowify/tables/browser";
import type { Progress } from "../../run/train-run.js";
import { nameOf, openBackend, orInWasm } from "../../worker/backend.js";
import type { Handlers } from "../../worker/protocol.js";
import { serialQueue } from "../../worker/serial-queue.js";
import type { DetectorFacts, NamedRow, TableCalls } from "./calls.js";
import { LIMITS } from "./config.js";
import { barsOf, type ReadTable, readTableFile } from "./read-table.js";

/** A detector with the scores of all rows. */
type Session = Readonly<{
  schema: TableSchema;
  fitted: TableDetector;
  open: OpenDetector;
  rows: Float32Array;
  scores: Readonly<Record<ScoreKind, Float64Array>>;
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
  const { name, table } = opened();
  const { drop, id, contaminated, seed, steps } = args;
  const schema = await findSchema(name, table, { drop, ...(id !== undefined && { id }) });
  expectUsable(name, schema);
  const notes = expectEnough(name, schema.rows);
  const inputs = inputsOf(schema);
  const encoder = detectorEncoder(name, table, inputs);
  if (encoder.width > LIMITS.numbers)
    throw new DataError(
      `${name}: its columns become ${encoder.width} numbers, expected at most ${LIMITS.numbers} on this page\nleave out columns with many different texts`,
    );
  const rows = new Float32Array(schema.rows * encoder.width);
  let at = 0;
  for await (const block of table.blocks()) {
    const part = encoder.encode(block);
    rows.set(part, at);
    at += part.length;
  }
  let [taken, told] = [0, 0];
  const fitted = await fitTableDetector(executor, rows, inputs, {
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
  session = { schema, fitted, open, rows, scores: await scoreAll(open, fitted, rows, emit) };
  return {
    device: why === undefined ? nameOf(executor) : `Wasm (${why})`,
    steps: taken,
    heldOut: fitted.calibrations.combination.scores.length,
    columns: inputs.map((input) => input.name),
    notes,
  };
}

/** All scores of all rows; a row is not compared with itself. */
async function scoreAll(
  open: OpenDetector,
  { detector: { places, spaces } }: TableDetector,
  rows: Float32Array,
  emit: (progress: Progress) => void,
): Promise<Session["scores"]> {
  const count = rows.length / spaces.width;
  const own = new Int32Array(count).fill(-1);
  places.forEach((row, place) => {
    own[row] = place;
  });
  const all = Object.fromEntries(scoreKinds.map((kind) => [kind, new Float64Array(count)])) as Record<
    ScoreKind,
    Float64Array
  >;
  for (let from = 0; from < count; from += SCORED) {
    const to = Math.min(count, from + SCORED);
    emit({ stage: "scoring", done: from, of: count });
    const part = rows.subarray(from * spaces.width, to * spaces.width);
    const found = await open.score(part, scoreKinds, own.subarray(from, to));
    for (const kind of scoreKinds) all[kind].set(found[kind], from);
  }
  return all;
}

/** The rows from the highest score to the lowest. */
const ranked = (scores: Float64Array): number[] =>
  Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);

/** A row with the cells of the columns that the detector takes. */
function namedRow(row: number): NamedRow {
  const { table, cells } = opened();
  const { schema, fitted } = scored();
  const textOf = (name: string): string => String(cells[row]![table.names.indexOf(name)] ?? "");
  const id = schema.columns.find(({ use }) => use === "id");
  return {
    row: row + 1,
    name: (id && textOf(id.name)) || String(row + 1),
    cells: fitted.inputs.map(({ name }) => textOf(name)),
  };
}

export const tableHandlers: Handlers<keyof TableCalls> = {
  "table.open": ({ file }) =>
    inTurn(async () => {
      await forget();
      read = undefined;
      const found = await readTableFile(file);
      read = found;
      const { name, table, schema } = found;
      return {
        name,
        schema,
        notes: table.notes,
        bars: schema.columns.map((column, at) => barsOf(found, column, at)),
      };
    }),

  "table.train": (args, context) =>
    inTurn(async () => {
      await forget();
      return orInWasm(await openBackend(args.device), (executor, why) => train(args, executor, context, why));
    }),

  "table.rows": async ({ score, count }, { transfer }) => {
    const { scores, fitted } = scored();
    const order = ranked(scores[score]);
    const pOf = (row: number): number => conformalP(fitted.calibrations[score], scores[score][row]!);
    const all = Float64Array.from(order, pOf);
    transfer(all.buffer);
    return {
      rows: order
        .slice(0, count)
        .map((row, i) => ({ ...namedRow(row), score: scores[score][row]!, p: all[i]! })),
      all,
    };
  },

  "table.reasons": ({ row, score, falseAlarms }) =>
    inTurn(async () => {
      const { fitted, open, rows, scores } = scored();
      const { width } = fitted.detector.spaces;
      const reasoner = tableReasoner(fitted, open, score, falseAlarms);
      const [reasons] = await reasoner.reasonsOf(rows.slice((row - 1) * width, row * width));
      const p = conformalP(fitted.calibrations[score], scores[score][row - 1]!);
      return {
        p,
        reasons: reasons!,
        rows: [row, ...reasons!.nearest.filter((each) => each !== row)].map((each) => namedRow(each - 1)),
      };
    }),

  "table.save": async ({ score, falseAlarms }) => {
    const { schema, fitted, scores } = scored();
    const parts: string[] = [];
    const head = idHeader(schema, undefined, ["score", "p", "flag"]);
    const writer = csvScores(
      [
        { name: head, type: "text" },
        { name: "score", type: "number" },
        { name: "p", type: "number" },
        { name: "flag", type: "flag" },
      ],
      async (lines) => void parts.push(lines),
    );
    await writer.add(
      Array.from(scores[score], (value, row) => {
        const p = conformalP(fitted.calibrations[score], value);
        return [namedRow(row).name, value, p, Number(p <= falseAlarms)] as const;
      }),
    );
    await writer.end();
    return parts.join("");
  },
};
