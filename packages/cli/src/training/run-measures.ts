import { decodeSafetensors, encodeSafetensors, type TrainingState } from "@flowify/core";
import { fittedEnd, joined, keepBest, measuring } from "@flowify/core/internal";
import { uniformFigure } from "../baselines/uniform.js";
import { conditionOf, type DataSet, examplesOf, filledOf } from "../data/image-set.js";
import { writeFileAtomic } from "../files/atomic.js";
import { ofRun } from "../runs/identity.js";
import { figureOf as figureOfRecord, readMetrics } from "../runs/metrics.js";
import { figureOf } from "../runs/report.js";
import { bestCheckpoint, measuredCheckpoints, readCheckpoint } from "../runs/saved-checkpoints.js";
import { formatCount } from "../ui/format.js";
import type { checkpointWriter } from "./checkpoint-writer.js";
import { type Measurement, type Moment, momentsOf, type RunInTraining, type runLog } from "./run-log.js";
import type { Earlier, runPictures } from "./run-pictures.js";
import { type Verdict, verdictOf } from "./verdict.js";

/** The measurements at the end of a run, its newest pictures, and its verdict. */
export type RunEnd = Readonly<{
  measured: readonly Measurement[];
  pictures: readonly string[];
  verdict: Verdict;
}>;

/** Measures a run: its state, or at the end of a run with held-out examples the best one. */
export function runMeasures(
  of: RunInTraining,
  {
    log,
    pictures,
    checkpoints,
  }: Readonly<{
    log: Pick<ReturnType<typeof runLog>, "measured">;
    pictures: Pick<ReturnType<typeof runPictures>, "draw" | "withModel">;
    checkpoints: Pick<ReturnType<typeof checkpointWriter>, "written">;
  }>,
) {
  const { trainer, config, run, plan } = of;
  const { validateEvery = Number.POSITIVE_INFINITY, evaluateEvery, patience, training } = config;
  const validation = Number.isFinite(validateEvery) ? plan.validation : undefined;
  const { momentOf } = momentsOf(config);
  const uniform = uniformFigure(plan.data, plan.network.description);
  const best = keepBest<string | undefined>();
  let validated: Readonly<{ step: number; measurement: Measurement }> | undefined;

  const measure = (images: DataSet, earlier?: Earlier): Promise<Measurement> =>
    pictures.withModel(earlier, async (model) => ({
      images,
      evaluation: await model.evaluate(examplesOf(images), {
        seed: training.seed,
        ...conditionOf(model.flow, images),
        ...filledOf(images),
      }),
    }));

  const logsOf = (rows: DataSet, earlier?: Earlier): Promise<Float64Array> =>
    pictures.withModel(earlier, (model) =>
      model.logProb(examplesOf(rows), { seed: training.seed, ...conditionOf(model.flow, rows) }),
    );

  /** Whether an epoch ends that is measured. */
  const ends = ({ complete, epoch }: Moment): boolean => complete && epoch % evaluateEvery === 0;

  /** The best state, where it is another one than that of this moment. */
  const bestBefore = async (): Promise<Earlier> => {
    if (best.chosen === undefined || best.chosen.step === trainer.taken) return undefined;
    await checkpoints.written();
    const kept = await bestCheckpoint(run.checkpoints);
    return kept && (await readCheckpoint(kept.state, config.network, config.run)).state;
  };

  /**
   * Densities that the network fits to rows, and does not train, fitted once more to all rows, the held-out ones included: those have
   * chosen the state by then.
   */
  const fitRows = async (before: Earlier): Promise<TrainingState["arrays"]> => {
    const { data, flow } = plan;
    if (!validation || !("rows" in data) || flow.condition) return {};
    const ofStart = (before ? before.step : trainer.taken) === 0 ? await of.fittedAtStart : undefined;
    const examples = joined([data, validation].map((set) => examplesOf(set) as Float32Array));
    const known = await pictures.withModel(before, async ({ params }) => params);
    const all = { examples, count: data.count + validation.count };
    const found = ofStart ? decodeSafetensors(ofStart).tensors : await trainer.fitAgain(all, known);
    return Object.fromEntries(Object.entries(found).map(([path, a]) => [`params.${path}`, a]));
  };

  /** The normals of classes at the end of a flow, fitted to the numbers that its trained layers return for the images. */
  const fitClasses = async (before: Earlier): Promise<TrainingState["arrays"]> => {
    const { data, flow } = plan;
    const { condition } = conditionOf(flow, data);
    if (!condition || !("images" in data)) return {};
    if (flow.chain.layers.at(-1)?.name !== "gaussianMixture") return {};
    const count = formatCount(data.count);
    const show = of.watch(`what the mixture sees of ${count} images`);
    const onProgress = (share: number): void => {
      show(share);
      if (share === 1) of.note(`fitting the normals of each class to ${count} images …`);
    };
    const given = { condition, seed: training.seed, onProgress };
    return pictures.withModel(before, (model) => fittedEnd(model, examplesOf(data), given));
  };

  /** What is fitted to all of the data at the end of a run, kept beside the checkpoints. */
  const fitAgain = async (before: Earlier): Promise<TrainingState["arrays"]> => {
    const arrays = { ...(await fitRows(before)), ...(await fitClasses(before)) };
    if (Object.keys(arrays).length > 0)
      await writeFileAtomic(run.fitted, encodeSafetensors(arrays, ofRun(config)));
    return arrays;
  };

  /** The state that is used after the run, with the densities that are fitted again. */
  const finalOf = async (before: Earlier): Promise<Earlier> => {
    const fitted = await fitAgain(before);
    if (Object.keys(fitted).length === 0) return before;
    const { arrays, step } = before ?? (await trainer.state());
    return { arrays: { ...arrays, ...fitted }, step };
  };

  /** Measures the held-out examples where that is due, and remembers the best state. */
  const heldOut =
    validation &&
    measuring({
      trainer,
      due: (step) => ends(momentOf(step)) || step === training.steps || step % validateEvery === 0,
      async measure() {
        const measurement = await measure(validation);
        validated = { step: trainer.taken, measurement };
        const logProb = -figureOf(measurement.evaluation, validation).value;
        return { logProb, state: undefined, ...("rows" in validation && { logs: () => logsOf(validation) }) };
      },
      async logsOfStart() {
        const { start } = await measuredCheckpoints(run.checkpoints);
        return (
          start && logsOf(validation, (await readCheckpoint(start.state, config.network, config.run)).state)
        );
      },
      onMeasured({ gainStdErr }) {
        if (validated) log.measured(momentOf(trainer.taken), { ...validated.measurement, gainStdErr });
      },
      best,
      patience: patience && patience * validateEvery,
      // of rows the figure is in nats
      examples: "rows" in validation ? validation.count : undefined,
    });

  return {
    ends,
    /** The step of the best state on the held-out examples so far. */
    bestStep: (): number | undefined => best.best?.step,
    /** Takes the best state from the disk, where the run begins or goes back. */
    async readBest(): Promise<void> {
      if (!validation) return;
      best.restore(await measuredCheckpoints(run.checkpoints));
      const known = readMetrics(run.metrics).findLast(
        ({ split, step, stateOf }) =>
          split === "validation" && step === trainer.taken && stateOf === undefined,
      );
      const figure = known && figureOfRecord(known);
      if (best.best && figure !== undefined) heldOut?.judge(-figure);
    },
    /** Whether the run ends here: at its last step, or where the held-out examples have not become likelier for long. */
    isOver: (): boolean => trainer.taken >= training.steps || heldOut?.stopped() === true,
    heldOut,
    /** The end of an epoch, or of the run. `again`: the run had come there before, and nothing is logged again. */
    async report(
      moment: Moment,
      { last, again = false }: { last: boolean; again?: boolean },
    ): Promise<RunEnd> {
      const { step } = moment;
      const chosen = last ? await bestBefore() : undefined;
      const judged = last ? await finalOf(chosen) : undefined;
      const measured = validated?.step === step ? [validated.measurement] : [];
      for (const set of last ? [plan.validation, plan.test] : [plan.validation ?? plan.test]) {
        if (!set || measured.some(({ images }) => images === set)) continue;
        // rows that the densities have been fitted to since then say nothing of them
        const measurement = await measure(set, set === plan.validation ? chosen : judged);
        if (!again) log.measured(moment, measurement, chosen?.step);
        measured.push(measurement);
      }
      const shown = measured.at(-1);
      const verdict = verdictOf({
        config,
        records: readMetrics(run.metrics),
        judgedStep: chosen?.step ?? step,
        taken: step,
        figure: shown && figureOf(shown.evaluation, shown.images).value,
        uniform,
      });
      return { measured, pictures: await pictures.draw({ ...moment, last }, shown, judged), verdict };
    },
  };
}
