/** A logistic regression whose penalty is found: near the truth where inputs say something, the shares where they do not. */
import { numpy as np, random } from "@jax-js/jax";
import { expect, it } from "vitest";
import { logistic } from "../../src/init/logistic.js";
import { conditionalClasses } from "../../src/layers/conditional-classes.js";
import { makeRng, type Rng } from "../../src/math/rng.js";
import { HostArray } from "../../src/params/host-array.js";
import { examplesOf } from "../support/arrays.js";

const CLASSES = 3;

/** Rows of standard normal inputs, the first of which moves the logits of the classes by these slopes. */
function drawn(rng: Rng, count: number, columns: number, slopes: readonly number[]) {
  const data = Float64Array.from({ length: count * columns }, () => rng.normal());
  const logs = Array.from({ length: count }, (_, i) => normalized(slopes.map((b) => b * data[i * columns]!)));
  const labels = logs.map((log) => {
    let left = rng.uniform();
    return Math.max(
      0,
      log.findIndex((each) => {
        left -= Math.exp(each);
        return left < 0;
      }),
    );
  });
  return { inputs: { data, columns }, labels, logs };
}

function normalized(logits: readonly number[]): number[] {
  const all = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - all);
}

/** Mean log p of the labels of rows, by lines. */
function score({ offset, slopes }: ReturnType<typeof logistic>, rows: ReturnType<typeof drawn>): number {
  const { inputs, labels } = rows;
  const S = inputs.columns;
  return labels.reduce((sum, label, i) => {
    const logits = Array.from(offset, (logit, k) => {
      let all = logit;
      for (let s = 0; s < S; s++) all += slopes[k * S + s]! * inputs.data[i * S + s]!;
      return all;
    });
    return sum + normalized(logits)[label]! / labels.length;
  }, 0);
}

it.each([
  ["few", [0, 1, -1], 2, 0.04],
  ["steep", [0, 6, -6], 2, 0.04],
  ["hardly any among thirty", [0, 0, 0], 30, 0.03],
] as const)(
  "predicts new rows by slopes that say %s, nearly as well as the truth",
  (_, slopes, columns, off) => {
    const rng = makeRng(5);
    const [known, fresh] = [drawn(rng, 300, columns, slopes), drawn(rng, 2000, columns, slopes)];
    const truth = fresh.logs.reduce((sum, log, i) => sum + log[fresh.labels[i]!]! / fresh.labels.length, 0);
    const found = score(logistic(known.inputs, known.labels, CLASSES), fresh);
    expect(truth - found).toBeLessThan(off);
  },
);

it("has the shares of the classes, each with half a row more, where inputs are constant", () => {
  const labels = [0, 0, 0, 1, 0, 0, 1, 0];
  const { offset, slopes } = logistic({ data: new Float64Array(16), columns: 2 }, labels, CLASSES);
  const shares = normalized([...offset]).map(Math.exp);
  for (const [k, count] of [6, 2, 0].entries()) expect(shares[k]).toBeCloseTo((count + 0.5) / 9.5, 3);
  expect(slopes.every((slope) => slope === 0)).toBe(true);
});

/** The slopes and the shares that a layer of these classes begins with. */
async function begun(rows: ReturnType<typeof drawn>, alone: boolean) {
  const layer = conditionalClasses([1], 1, { classes: CLASSES, hidden: 0, alone });
  const given = new HostArray(Float32Array.from(rows.inputs.data), [rows.labels.length, 1], np.float32);
  const examples = examplesOf(Float32Array.from(rows.labels), rows.labels.length, [1]).conditioned(given);
  const params = await layer.initFromData?.(random.key(0), examples);
  const line = params?.line[0];
  return {
    slopes: [...((await line?.weight.data()) ?? [])],
    shares: normalized([...((await line?.bias.data()) ?? [])]).map(Math.exp),
  };
}

it("a layer of classes begins as the regression, and alone as the shares", async () => {
  const rows = drawn(makeRng(3), 60, 1, [0, 3, -3]);
  expect((await begun(rows, false)).slopes.every((slope) => slope !== 0)).toBe(true);
  const { slopes, shares } = await begun(rows, true);
  expect(slopes).toEqual([0, 0, 0]);
  for (const k of [0, 1, 2]) {
    const count = rows.labels.filter((label) => label === k).length;
    expect(shares[k]).toBeCloseTo((count + 0.5) / 61.5, 5);
  }
});
