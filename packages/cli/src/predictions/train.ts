import type { Executor, FlowModel } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { withExecutor } from "../executors.js";
import type { Running } from "../flags/define.js";
import { NodeModel } from "../node-model.js";
import { fitBaseline } from "../regression/baseline.js";
import { fromWhat, type Prediction } from "../regression/columns.js";
import { levelSays, withoutFeature } from "../regression/lines.js";
import type { ValueKind } from "../regression/network.js";
import { fitRegression, type Regression } from "../regression/regression.js";
import { loadMembers, memberFolder, writeRegression } from "../regression/regression-file.js";
import {
  atomOf,
  gridWidths,
  keysOfSeries,
  lastValues,
  pickColumns,
  seriesCodes,
  TableRegression,
  type TargetInTable,
  type TargetModels,
  targetsOf,
  widthOf,
} from "../regression/table-regression.js";
import { rowsIn, takeRows } from "../rows.js";
import { openRunFolder } from "../runs/folder.js";
import { finiteLog } from "../series/score-series.js";
import { lagBaselines } from "../series/series.js";
import type { TrainFlags } from "../settings.js";
import { formatCount } from "../ui/format.js";
import { watchTraining } from "../ui/interrupt.js";
import { createProgress } from "../ui/progress.js";
import type { Terminal } from "../ui/terminal.js";
import { testSource } from "./evaluate.js";
import { evaluateRows, type TargetBaselines } from "./evaluation.js";
import { type PredictionPlan, planPrediction } from "./plan.js";
import { evaluationDocument, sayEvaluation } from "./say-evaluation.js";

/** `flowify train --predict`: flows for the distribution of some columns of a table, given others. */
export async function trainPrediction(
  { terminal, host, process }: Running,
  flags: TrainFlags,
): Promise<void> {
  const plan = await planPrediction(flags);
  for (const line of plan.notes) terminal.warn(line);
  const run = await openRunFolder(plan.folder, {
    resume: flags.resume !== undefined,
    force: flags.force === true,
  });
  const interrupt = watchTraining(host, terminal);
  try {
    // other threads add up in another order: a run that goes on keeps its own
    const threads = flags.threads ?? plan.document.environment.threads;
    await withExecutor({ device: flags.device, threads }, terminal, async (executor) => {
      await writeRegression(plan.folder, plan.document);
      const signal = {
        get aborted(): boolean {
          return interrupt.status() !== undefined;
        },
      };
      const trained = await trainTargets(plan, executor, terminal, signal);
      const status = interrupt.status();
      if (status !== undefined || trained === undefined) {
        process.exitCode = status ?? 0;
        terminal.say(`stopped; continue with flowify train --resume ${plan.folder}`);
        terminal.document({ run: plan.folder, finished: false });
        return;
      }
      await end(plan, trained, terminal);
    });
  } finally {
    interrupt.stop();
    run.release();
  }
}

/** The share of training rows in which a key of their series is hidden, and the stream of random numbers that draws them. */
const UNKNOWN = 0.1;
const UNKNOWN_STREAM = 2;
/** The stream that spreads whole numbers over their cells, where these differ among series. */
const SPREAD_STREAM = 3;

type Trained = Readonly<{ models: readonly TargetModels[]; baselines: readonly TargetBaselines[] }>;

/** Trains what is not in the folder yet; undefined where it was stopped. */
async function trainTargets(
  { folder, rows, document }: PredictionPlan,
  executor: Executor,
  terminal: Terminal,
  signal: Readonly<{ aborted: boolean }>,
): Promise<Trained | undefined> {
  const width = widthOf(document);
  const targets = targetsOf(document);
  const parts = targets.reduce((sum, { atoms }) => sum + (atoms.length > 0 ? 2 : 1), 0);
  const progress = createProgress(terminal, { label: "training", total: 100 * parts });
  terminal.note(
    `${fromWhat(document)}: ${formatCount(rows.count)} rows, seed ${document.training.seed}, ${executor.name}; in ${folder}`,
  );
  const { ensemble, steps, seed } = document.training;
  let done = 0;
  const fitterOf =
    (target: TargetInTable, t: number): FitPart =>
    async (part, kind, values, condition) => {
      const place = [folder, t, part] as const;
      const before = await loadMembers(place, executor);
      const features = target.features.width;
      const found = await fitRegression({
        ...kind,
        given: rowsIn(condition, features),
        values,
        seed: seed + 1000 * t,
        executor,
        before,
        signal,
        ordered: document.schema.order !== undefined,
        ...(ensemble !== null && { ensemble }),
        ...(steps !== null && { steps }),
        onProgress: (share) => progress.update(Math.floor(100 * (done + share)), target.name),
        onMember: (model, k) => saveMember(model, memberFolder(place, k)),
      });
      done++;
      for (const { name, model } of found.simple) await saveMember(model, memberFolder(place, name));
      if (!signal.aborted) return found;
      await found.dispose();
      return undefined;
    };
  const train = withUnknown(document, rows.train, seed);
  const models: TargetModels[] = [];
  const baselines: TargetBaselines[] = [];
  for (const [t, target] of targets.entries()) {
    const values = pickColumns(train, width, [target.place]);
    const condition = await target.features.of(pickColumns(train, width, target.from));
    const widths = gridWidths(target, condition);
    const spread = makeRng(seed, SPREAD_STREAM, t);
    const steps = lastValues(target, train, width).map(
      (last, i) => (values[i] as number) - last + (widths?.[i] ?? 0) * (spread.uniform() - 0.5),
    );
    const trained = await fitTarget(target, { values, steps, condition }, fitterOf(target, t));
    if (trained === undefined) return undefined;
    models.push(trained);
    const ofPast = lagBaselines(document, target, { values, condition }, rows.series);
    baselines.push({
      baseline: fitBaseline(target, values, condition),
      ...(ofPast.length > 0 && { lagBaselines: ofPast }),
    });
  }
  progress.finish();
  return { models, baselines };
}

/** Of several series the same rows, some of which are of an unknown one: so the run learns what to make of a new series. */
function withUnknown(prediction: Prediction, rows: Float32Array, seed: number): Float32Array {
  const { order } = prediction.schema;
  if (!order?.series) return rows;
  const width = widthOf(prediction);
  const rng = makeRng(seed, UNKNOWN_STREAM);
  const codes = new Map(keysOfSeries(prediction).map(({ place, known }) => [place, known]));
  return rows.map((value, i) => {
    const code = codes.get(i % width);
    return code !== undefined && rng.uniform() < UNKNOWN ? code : value;
  });
}

/** Flows of a part of a column, of its values or of which of its atoms they are; undefined where training was stopped. */
type FitPart = (
  part: "value" | "atom",
  kind: ValueKind,
  values: Float32Array,
  condition: Float32Array,
) => Promise<Regression | undefined>;

/** The models of a column: of which of its atoms a value is, if any, and of the others their steps from the last ones. */
async function fitTarget(
  target: TargetInTable,
  { values, steps, condition }: Readonly<Record<"values" | "steps" | "condition", Float32Array>>,
  fit: FitPart,
): Promise<TargetModels | undefined> {
  const { kind, atoms, features, level } = target;
  const { width } = features;
  const seen =
    level < 0 || levelSays({ condition, width, values: steps }, level)
      ? condition
      : withoutFeature(condition, width, level);
  if (atoms.length === 0) {
    const value = await fit("value", kind, steps, seen);
    return value && { value };
  }
  const which = values.map((each) => atomOf(target, each));
  const atom = await fit("atom", { classes: atoms.length + 1 }, which, condition);
  if (atom === undefined) return undefined;
  const apart = [...values.keys()].filter((i) => which[i] === 0);
  const value = await fit("value", kind, takeRows(steps, 1, apart), takeRows(seen, width, apart));
  if (value === undefined) await atom.dispose();
  return value && { atom, value };
}

async function saveMember({ flow, params, executor }: FlowModel, folder: string): Promise<void> {
  const model = new NodeModel(flow, params, executor);
  await model.save(folder);
  await model.dispose();
}

const partDocument = ({ flows, simple, pool }: Regression) => ({
  flows: flows.length,
  simple: simple.map(({ name, share }) => ({ name, share })),
  pool,
});

/** Measures the held-out rows, and writes down what documents need of them. */
async function end(
  { folder, rows, document }: PredictionPlan,
  { models, baselines }: Trained,
  terminal: Terminal,
): Promise<void> {
  const model = new TableRegression(document, models);
  const { order } = document.schema;
  try {
    const found = await evaluateRows(model, baselines, rows.test, widthOf(document), undefined, rows.series);
    await writeRegression(folder, {
      ...document,
      targets: models.map(({ value, atom }, t) => ({
        value: partDocument(value),
        ...(atom && { atom: partDocument(atom) }),
        ...JSON.parse(JSON.stringify(baselines[t])),
        heldOut: {
          outwardness: [...(found[t]?.outwardness ?? [])],
          ...(order && { logProb: (found[t]?.logs ?? []).map(finiteLog) }),
          ...(order?.series && { series: [...seriesCodes(document, rows.test)] }),
        },
      })),
    });
    const source = testSource(document, rows.test.length / widthOf(document));
    sayEvaluation(terminal, found, source);
    if (!terminal.quiet) {
      terminal.say();
      const what = order ? "continue a table" : "predict other rows";
      terminal.say(`${what} with flowify predict ${folder} FILE`);
    }
    terminal.document({
      run: folder,
      finished: true,
      examples: rows.count,
      targets: found.map(evaluationDocument),
    });
  } finally {
    await model.dispose();
  }
}
