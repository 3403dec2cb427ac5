import { numpy as np } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { identityMatrix, randomOrthogonal } from "../../src/math/linalg.js";
import { makeRng, type Rng } from "../../src/math/rng.js";
import { floats } from "../../src/params/host.js";
import { compiled, numbersOf } from "../../src/testing/arrays.js";
import { toRows } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";
import {
  type AdamScalars,
  adamDirection,
  adamScalars,
  type Moments as SomeMoments,
} from "../../src/train/adam.js";
import { reorthogonalize, retract, skewGradient, stepsBack } from "../../src/train/orthogonal-step.js";
import { reorthogonalizeAll } from "../../src/train/step.js";
import { multiply, transpose } from "../support/plain.js";
import { tolerance } from "../tolerances.js";

beforeAll(() => usePrecision("float32"));

type Moments = Required<SomeMoments>;
type State = { r: np.Array; moments: Moments };
type Step = (
  r: np.Array,
  g: np.Array,
  moments: Moments,
  s: { rate: np.Array; floor: np.Array },
) => State & { drift: np.Array };

/**
 * One whole step of an orthogonal parameter: S = RᵀG − GᵀR, Ω = −rate · M / (√V + floor) with Adam's
 * moments of S, and the retraction. Ω is skew since M is skew and V symmetric.
 *
 * Source: Lezcano-Casado 2019 (arXiv:1909.09501) for the trivialization; Bécigneul and Ganea 2019
 * (arXiv:1810.00760) for Adam's moments on a manifold.
 */
function orthogonalStep(
  r: np.Array,
  gradient: np.Array,
  moments: Moments,
  { rate, floor }: AdamScalars,
): { r: np.Array; moments: Moments; drift: np.Array } {
  const step = adamDirection(moments, skewGradient(r.ref, gradient), floor);
  return { ...retract(r, step.direction.mul(rate.ref.neg())), moments: step.moments };
}

const scalar = (v: number): np.Array => floats(Float32Array.of(v), []);
const zeros = (n: number): np.Array => np.zeros([n, n]);

/** ‖RᵀR − I‖max in double precision on the host. */
async function departure(r: np.Array): Promise<number> {
  const rows = toRows(await numbersOf(r), r.shape[0] as number);
  return multiply(transpose(rows), rows)
    .flatMap((row, i) => row.map((v, j) => Math.abs(v - (i === j ? 1 : 0))))
    .reduce((a, b) => Math.max(a, b), 0);
}

/** Trains for a while as the trainer does: reorthogonalizations when the declared drift passes its limit. */
async function run(n: number, steps: number, lr: number, gradient: (t: number, rng: Rng) => Float32Array) {
  const step = compiled(orthogonalStep) as unknown as Step & { dispose(): void };
  const rng = makeRng(n, steps);
  let state: State = {
    r: floats(Float32Array.from(randomOrthogonal(makeRng(1), n).data), [n, n]),
    moments: { first: zeros(n), second: zeros(n) },
  };
  let [drift, worst, reorthogonalizations] = [0, 0, 0];
  for (let t = 0; t < steps; t++) {
    const { rate, floor } = adamScalars(lr, t);
    const next = step(state.r, floats(gradient(t, rng), [n, n]), state.moments, {
      rate: scalar(rate),
      floor: scalar(floor),
    });
    drift += (await numbersOf(next.drift))[0] as number;
    const back = stepsBack(drift);
    for (let k = 0; k < back; k++) next.r = reorthogonalizeAll({ r: next.r }).r as np.Array;
    if (back > 0) {
      drift = 0;
      reorthogonalizations++;
    }
    state = next;
    if (t % 50 === 0 || t === steps - 1 || t % 499 === 0)
      worst = Math.max(worst, await departure(state.r.ref));
  }
  step.dispose();
  return { worst, reorthogonalizations };
}

const noisy = (n: number) => (_t: number, rng: Rng) =>
  Float32Array.from({ length: n * n }, () => rng.normal());
/** One fixed direction: Adam takes the longest steps that it can, always the same way round. */
const steady = (n: number) => () => Float32Array.from({ length: n * n }, (_, i) => Math.sin(i + 1));
/** Signs of a matrix of rank 2: the first step turns by far more than its step size. */
const broad = (n: number) => () =>
  Float32Array.from({ length: n * n }, (_, i) => (i % n < n / 2 ? 1 : -1) * (i < (n * n) / 2 ? 1 : 0.5));
/** Huge and tiny in turn, signs that flip: moments are as wrong as they can be. */
const erratic = (n: number) => (t: number, rng: Rng) =>
  Float32Array.from({ length: n * n }, () => (t % 7 === 0 ? 1e4 : 1e-4) * (rng.uniform() < 0.5 ? -1 : 1));

describe("an orthogonal parameter stays orthogonal in float32", () => {
  it.each([
    ["noise", 24, 2000, 1e-3, noisy],
    ["noise, long steps", 24, 5000, 1e-2, noisy],
    ["a steady pull, long steps", 24, 1000, 1e-2, steady],
    ["an erratic pull, long steps", 24, 1000, 1e-2, erratic],
    ["noise, a larger matrix", 128, 60, 1e-2, noisy],
    ["a pull of rank 2 at once", 64, 100, 1e-1, broad],
    ["steps far too long", 8, 300, 1, noisy],
  ] as const)("%s: %i × same, %i steps of %d", async (_, n, steps, lr, gradient) => {
    const { worst, reorthogonalizations } = await run(n, steps, lr, gradient(n));
    expect(worst).toBeLessThan(tolerance("orthogonality"));
    // polishing is what it costs: never more than once a step, and it does happen
    expect(reorthogonalizations).toBeGreaterThan(0);
  });
});

/** A product of rotations, each in the plane of two neighbouring axes. */
function turned(n: number, angles: readonly number[]): number[][] {
  const identity = toRows(identityMatrix(n).data, n);
  return angles.reduce((r, angle, i) => {
    const plane = identity.map((row) => [...row]);
    [plane[i]![i], plane[i]![i + 1]] = [Math.cos(angle), -Math.sin(angle)];
    [plane[i + 1]![i], plane[i + 1]![i + 1]] = [Math.sin(angle), Math.cos(angle)];
    return multiply(r, plane);
  }, identity);
}

describe("what a step does", () => {
  const n = 5;
  const rng = makeRng(3);
  const matrix = (): Float32Array => Float32Array.from({ length: n * n }, () => rng.normal());

  it("turns R by −rate · M / (√V + floor) of the skew gradient, to second order", async () => {
    const g = matrix();
    const r = Float32Array.from(randomOrthogonal(makeRng(2), n).data);
    const { rate, floor } = adamScalars(1e-2, 0);
    const out = orthogonalStep(
      floats(r, [n, n]),
      floats(g, [n, n]),
      { first: zeros(n), second: zeros(n) },
      { rate: scalar(rate), floor: scalar(floor) },
    );
    const R = toRows(r, n);
    const RtG = multiply(transpose(R), toRows(g, n));
    const skew = RtG.map((row, i) => row.map((v, j) => v - (RtG[j]?.[i] as number)));
    // the first step of Adam is lr · sign
    const omega = skew.map((row) => row.map((v) => (v === 0 ? 0 : -1e-2 * Math.sign(v))));
    const square = multiply(omega, omega);
    const turn = omega.map((row, i) =>
      row.map((v, j) => v + (square[i]?.[j] as number) / 2 + (i === j ? 1 : 0)),
    );
    const expected = multiply(R, turn).flat();
    const ours = await numbersOf(out.r);
    expect(Math.max(...ours.map((v, i) => Math.abs(v - (expected[i] as number))))).toBeLessThan(1e-6);
    // moments are those of the skew gradient: M skew, V symmetric
    const first = toRows(await numbersOf(out.moments.first), n);
    expect(
      Math.max(...first.flatMap((row, i) => row.map((v, j) => Math.abs(v - (skew[i]?.[j] as number))))),
    ).toBeLessThan(1e-5);
    const second = toRows(await numbersOf(out.moments.second), n);
    expect(second).toEqual(transpose(second));
    // the declared drift covers the true departure
    expect(((await numbersOf(out.drift))[0] as number) + 1e-6).toBeGreaterThan(
      await departure(floats(Float32Array.from(ours), [n, n])),
    );
  });

  it("goes downhill: it finds the rotation nearest to a given matrix", async () => {
    const target = turned(n, [0.9, -0.7, 1.2, 0.5]).flat();
    const step = compiled(orthogonalStep) as unknown as Step & { dispose(): void };
    let r = floats(Float32Array.from(identityMatrix(n).data), [n, n]);
    let moments: Moments = { first: zeros(n), second: zeros(n) };
    const loss = async (): Promise<number> => {
      const values = await numbersOf(r.ref);
      return values.reduce((sum, v, i) => sum + (v - (target[i] as number)) ** 2, 0);
    };
    const before = await loss();
    for (let t = 0; t < 300; t++) {
      const away = (await numbersOf(r.ref)).map((v, i) => 2 * (v - (target[i] as number)));
      const gradient = floats(Float32Array.from(away), [n, n]);
      const { rate, floor } = adamScalars(2e-2 * (1 - t / 300), t);
      const next = step(r, gradient, moments, { rate: scalar(rate), floor: scalar(floor) });
      next.drift.dispose();
      ({ r, moments } = next);
    }
    step.dispose();
    expect(await loss()).toBeLessThan(before * 1e-4);
  });

  it("reorthogonalize squares the departure away, and the error is measured as it is", async () => {
    const off = Float32Array.from(randomOrthogonal(makeRng(4), 6).data, (v) => v * 1.001);
    const r = floats(off, [6, 6]);
    const measured = await departure(r.ref);
    expect(measured).toBeCloseTo(0.002001, 5);
    expect(await departure(reorthogonalize(r))).toBeLessThan(4e-6);
  });
});

describe("Adam's direction", () => {
  it("is M / (√V + floor) with decayed sums", async () => {
    const of = (...values: number[]): np.Array => floats(Float32Array.from(values));
    const { moments, direction } = adamDirection(
      { first: of(1, -2), second: of(4, 1) },
      of(0.5, 3),
      scalar(0.1),
    );
    const [m, v] = [
      [0.9 + 0.5, -1.8 + 3],
      [3.996 + 0.25, 0.999 + 9],
    ];
    const expected = m.map((value, i) => value / (Math.sqrt(v[i] as number) + 0.1));
    expect((await numbersOf(direction)).every((d, i) => Math.abs(d - (expected[i] as number)) < 1e-6)).toBe(
      true,
    );
    expect((await numbersOf(moments.first)).every((d, i) => Math.abs(d - (m[i] as number)) < 1e-6)).toBe(
      true,
    );
    expect((await numbersOf(moments.second)).every((d, i) => Math.abs(d - (v[i] as number)) < 1e-5)).toBe(
      true,
    );
  });

  it("keeps moments without a gradient above the numbers that processors are slow with", async () => {
    const none = floats(Float32Array.of(0));
    let moments = { first: floats(Float32Array.of(-1e-3)), second: floats(Float32Array.of(1)) };
    for (let t = 0; t < 1000; t++) {
      const step = adamDirection(moments, none.ref, scalar(1));
      step.direction.dispose();
      moments = step.moments;
    }
    none.dispose();
    moments.second.dispose();
    const [first = 0] = await numbersOf(moments.first);
    expect(Math.abs(first)).toBeGreaterThan(2 ** -126); // the smallest normal number
    expect(Math.abs(first)).toBeLessThan(1e-28);
  });
});
