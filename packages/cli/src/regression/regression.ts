import { type Executor, type FlowModel, flowify, UsageError } from "@flowify/core";
import { checkOptions, normalQuantile, optionSchemas as o } from "@flowify/core/internal";
import { fitEnsemble, withOwnExecutor } from "../ensemble.js";
import { defaultExecutor } from "../node-model.js";
import { valueAt } from "../places.js";
import { rowsIn, takeRows } from "../rows.js";
import { logSumExp } from "../statistics.js";
import { amongClasses, between, type Cells, cellOf, hasCells, latentAt } from "./cells.js";
import { among } from "./lines.js";
import { regressionNetwork, scheduleOf, splitOf, stoppingOf, type ValueKind } from "./network.js";
import {
  checkedPairs,
  checkedWidth,
  expectGrid,
  flat,
  gridOrigin,
  type RegressionOptions,
  type Rows,
} from "./options.js";
import { type Pool, poolOf, scaled, shiftsOf, UNPOOLED } from "./pool.js";
import { Predictive } from "./predictive.js";
import { type SimpleMember, simpleMembers } from "./simple-members.js";
import { slotsOf } from "./slots.js";

/** Equally likely values of a prediction. */
const POINTS = 256;

/** Examples times values that are decoded at once. */
const AT_ONCE = 2 ** 16;

/**
 * The whole distribution p(y | x) of a number, a whole number or a class y for any x: a mixture of conditional flows. Where
 * held-out examples say so, it is mixed with distributions that need no training: around lines, and whatever x is.
 *
 * Each flow is a line and a spline of y whose parameters are networks of x, trained by maximum likelihood and stopped by
 * examples that it holds out. Numbers have a density per unit. With `step`, values on a grid have probabilities, those of
 * the cells around them, F(y + step / 2) − F(y − step / 2). Those of `classes`, 0 to classes − 1, are a softmax of a network.
 *
 * @throws UsageError for options that make no sense; DataError for too few examples, of unequal length, and for values that
 * are not finite, no classes, or beside the grid; those of `fit`
 *
 * Source: Nix and Weigend 1994; Durkan et al. 2019 (arXiv:1906.04032); Lakshminarayanan et al. 2017 (arXiv:1612.01474); Smyth
 * and Wolpert 1999 (stacked density estimation).
 *
 * @example
 * ```ts
 * import { regression } from "flowify/regression";
 * const given = Array.from({ length: 300 }, (_, i) => [(6 * i) / 300 - 3]);
 * const values = given.map(([x = 0], i) => Math.sin(x) + 0.1 * (1 + Math.abs(x)) * Math.sin(37 * i));
 * const model = await regression({ given, values, steps: 40, ensemble: 1, seed: 7 });
 * const [at] = await model.predict([[1]]);
 * console.log(at !== undefined && at.quantile(0.05) < at.mean && at.mean < at.quantile(0.95));
 * await model.dispose();
 * // true
 * ```
 */
export async function regression(options: RegressionOptions): Promise<Regression> {
  checkedWidth(options);
  expectGrid(options);
  return fitRegression(options);
}

/** The same of values that may lie beside their grid, and are moved to it. */
export async function fitRegression(options: RegressionOptions): Promise<Regression> {
  const width = checkedWidth(options);
  const { given, values, seed = 0, ordered = false, signal, onProgress, onMember, before = [] } = options;
  const { step, classes } = options;
  const kind = { step, classes };
  const data = Float32Array.from({ length: given.length }, (_, i) => values[i] as number);
  const examples = { condition: flat(given, width), width, values: data };
  const split = (member: number) => splitOf(data.length, { member, seed, ordered });
  const { ensemble: usual, steps: most, ...schedule } = scheduleOf(given.length);
  const { ensemble = usual, steps = most } = options;
  return withOwnExecutor(options.executor, defaultExecutor, async (executor, own) => {
    const flows = await fitEnsemble((member) => flowify(regressionNetwork(width, kind, data, member)), data, {
      ...schedule,
      ...stoppingOf(steps),
      examplesOf(member) {
        const { train, held } = split(member);
        const [own, others] = [among(examples, train), among(examples, held)];
        return {
          data: own.values,
          condition: own.condition,
          validation: others.values,
          validationCondition: others.condition,
        };
      },
      executor,
      members: ensemble,
      steps,
      seed,
      before,
      ...(signal && { signal }),
      onProgress,
      onMember,
    });
    const parts = { kind, origin: gridOrigin(values), executor, closes: own !== undefined };
    const alone = new Regression(flows, parts);
    if (signal?.aborted) return alone;
    const splits = flows.map((_, member) => split(member));
    const hasPool = kind.classes === undefined && !hasCells(kind);
    const pool = hasPool ? await poolOf(flows, examples, splits) : UNPOOLED;
    const simple = await simpleMembers(kind, examples, splits, executor, (model, held) => {
      const single =
        typeof model === "number"
          ? new Regression([flows[model] as FlowModel], { kind, executor, pool })
          : new Regression([model], { kind, executor: model.executor });
      return single.logProbFlat(held.values, held.condition);
    });
    return new Regression(flows, { ...parts, simple, pool });
  });
}

type RegressionParts = Readonly<{
  kind: ValueKind;
  /** A value of the grid that `logProb` holds values to. */
  origin?: number;
  simple?: readonly SimpleMember[];
  pool?: Pool;
  executor: Executor;
  /** The executor goes with it. */
  closes?: boolean;
}>;

/** Predictions and densities of p(y | x). */
export class Regression {
  /** The flows that were trained, and what they are mixed with. */
  readonly flows: readonly FlowModel[];
  readonly simple: readonly SimpleMember[];
  readonly pool: Pool;
  /** The flows whose mixture it is, simple ones last, and their weights. */
  readonly members: readonly FlowModel[];
  readonly weights: readonly number[];
  readonly kind: ValueKind;
  readonly #origin: number | undefined;
  readonly #closes: Executor | undefined;
  /** The members behind the noise that spreads values over their cells. */
  readonly #bare: readonly FlowModel[];

  constructor(flows: readonly FlowModel[], parts: RegressionParts) {
    const { kind, simple = [], pool = UNPOOLED, executor, closes = false } = parts;
    const mixed = simple.filter(({ share }) => share > 0);
    const all = mixed.reduce((left, { share }) => left - share, 1);
    this.flows = flows;
    this.simple = simple;
    this.pool = pool;
    this.members = [
      ...(pool.scale === 1 ? flows : flows.map((model) => scaled(model, pool.scale))),
      ...mixed.map(({ model }) => model),
    ];
    this.weights = [...flows.map(() => Math.max(all, 0) / flows.length), ...mixed.map(({ share }) => share)];
    this.kind = kind;
    this.#origin = parts.origin;
    this.#closes = closes ? executor : undefined;
    this.#bare = hasCells(kind)
      ? this.members.map((model) => model.part(1, model.flow.chain.layers.length))
      : this.members;
  }

  /** Numbers of a row of the condition. */
  get width(): number {
    return this.members[0]?.flow.condition?.shape[0] ?? 0;
  }

  /**
   * log p(y | x) of each value in nats: of numbers a density per unit, of others a probability.
   *
   * @throws UsageError for options that make no sense; DataError for another number of rows than values, rows of another
   * length, and values that are not finite, no classes, or beside the grid
   */
  async logProb(values: ArrayLike<number>, options: { given: Rows }): Promise<Float64Array> {
    const { width, kind } = this;
    return this.logProbFlat(...checkedPairs(values, options, { width, kind, origin: this.#origin }));
  }

  /** The same of rows one after another; with the `widths` of cells the probabilities of these. */
  async logProbFlat(values: Float32Array, condition: Float32Array, cells: Cells = {}): Promise<Float64Array> {
    if (hasCells(this.kind) || cells.widths) {
      const { below, above } = cellOf(this.kind, cells);
      const ends = [values.map(below), values.map(above)];
      const masses = await this.#masses(ends as [Float32Array, Float32Array], condition);
      return masses.map(Math.log);
    }
    const shifts = await this.#shifts(condition);
    const logs = await Promise.all(
      this.#bare.map((model, k) => {
        const shift = shifts[k];
        const own = shift ? values.map((value, i) => value - valueAt(shift, i)) : values;
        return model.logProb(own, { condition });
      }),
    );
    return values.length === 0
      ? new Float64Array()
      : Float64Array.from(values, (_, i) =>
          logSumExp(logs.map((log, k) => (log[i] as number) + Math.log(this.weights[k] as number))),
        );
  }

  /** What is added to the values of each flow, where it is not nothing. */
  async #shifts(condition: Float32Array): Promise<Float64Array[]> {
    const { centred } = this.pool;
    const flows = this.members.slice(0, this.flows.length);
    return centred === 0 ? [] : shiftsOf(flows, condition, centred);
  }

  /** Φ(z) between the ends of cells, the weighted mean over the members. */
  async #masses([low, high]: [Float32Array, Float32Array], condition: Float32Array): Promise<Float64Array> {
    const out = new Float64Array(low.length);
    const shifts = await this.#shifts(condition);
    for (const [k, model] of this.#bare.entries()) {
      const [a, b] = await Promise.all(
        [low, high].map((ends) =>
          model.encode(
            // an end that is not there has no latent: any number stands for it
            ends.map((end, i) => (Number.isFinite(end) ? end - (shifts[k]?.[i] ?? 0) : 0)),
            { condition },
          ),
        ),
      );
      for (let i = 0; i < out.length; i++)
        out[i]! +=
          between(latentAt(low, a as Float32Array, i), latentAt(high, b as Float32Array, i)) *
          (this.weights[k] as number);
    }
    return out;
  }

  /** p(class | x), a row for each row that is given. */
  async probabilities(given: Rows): Promise<Float64Array[]> {
    const { classes = 0 } = this.kind;
    if (classes === 0)
      throw new UsageError("probabilities: the values of this regression are numbers\ncall predict");
    const all = await this.probabilitiesFlat(flat(given, this.width, "probabilities: given"));
    return rowsIn(all, classes);
  }

  /** The same of rows one after another, [n · classes]. */
  async probabilitiesFlat(condition: Float32Array): Promise<Float64Array> {
    const { classes = 0 } = this.kind;
    const rows = condition.length / this.width;
    const codes = Float32Array.from({ length: rows * classes }, (_, i) => i % classes);
    const logs = await this.logProbFlat(codes, repeatRows(condition, this.width, classes));
    return logs.map(Math.exp);
  }

  /** The distribution of the value of each row, as equally likely values. */
  async predict(given: Rows, options: { points?: number } = {}): Promise<Predictive[]> {
    checkOptions("predict", { points: o.integer(1) }, options);
    const { points = POINTS } = options;
    const condition = flat(given, this.width, "predict: given");
    const drawn = await this.drawFlat(repeatRows(condition, this.width, points), points);
    return rowsIn(drawn, points).map((each) => new Predictive(each));
  }

  /**
   * A value for each of so many conditions a row, [rows · each, width]: each member has as many as its weight says, at evenly
   * spread levels, so that all values of a row together are its distribution. `order` says which of them each value is.
   */
  async drawFlat(
    condition: Float32Array,
    each: number,
    order: (row: number) => ArrayLike<number> = () => [...new Array(each).keys()],
  ): Promise<Float64Array> {
    const { width, kind } = this;
    const slots = slotsOf(this.weights, each);
    const count = condition.length / width;
    const out = new Float64Array(count);
    const atOnce = Math.max(1, Math.floor(AT_ONCE / each)) * each;
    for (let from = 0; from < count; from += atOnce) {
      const to = Math.min(count, from + atOnce);
      const places = this.members.map(() => [] as number[]);
      const latents = this.members.map(() => [] as number[]);
      for (let row = from / each; row < to / each; row++) {
        const own = order(row);
        for (let s = 0; s < each; s++) {
          const { member, level } = valueAt(slots, own[s] as number);
          places[member]?.push(row * each + s);
          latents[member]?.push(kind.classes === undefined ? normalQuantile(level) : level);
        }
      }
      const shifts = await this.#shifts(condition.subarray(from * width, to * width));
      await Promise.all(
        this.members.map(async (model, k) => {
          const mine = places[k] as number[];
          const shift = shifts[k];
          if (mine.length === 0) return;
          const values = await model.decode(Float32Array.from(latents[k] as number[]), {
            condition: takeRows(condition, width, mine),
          });
          for (const [i, at] of mine.entries())
            out[at] = amongClasses(kind, valueAt(values, i) + (shift ? valueAt(shift, at - from) : 0));
        }),
      );
    }
    return out;
  }

  /** Releases the memory. */
  async dispose(): Promise<void> {
    const simple = this.simple.map(({ model }) => model);
    for (const model of new Set([...this.flows, ...simple, ...this.members, ...this.#bare]))
      await model.dispose();
    await this.#closes?.dispose();
  }
}

/** Each row so many times. */
export function repeatRows(rows: Float32Array, width: number, times: number): Float32Array {
  const out = new Float32Array(rows.length * times);
  for (let i = 0; i < (rows.length / width) * times; i++) {
    const from = Math.floor(i / times) * width;
    out.set(rows.subarray(from, from + width), i * width);
  }
  return out;
}
