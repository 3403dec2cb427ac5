/** Lines in many codes: those that say something are found among hundreds that say nothing, and these are left out. */
import { describe, expect, it } from "vitest";
import { chosenLines } from "../../src/init/chosen-lines.js";
import { makeRng } from "../../src/math/rng.js";

const COLUMNS = 40;
const VALUES = 10;
const WIDTH = 2 + COLUMNS * VALUES;

/** Rows of a category of two values, which moves both outputs, and of 40 columns of ten values each, which move none. */
function drawn(seed: number, count: number) {
  const rng = makeRng(seed, 5);
  const inputs = new Float64Array(count * WIDTH);
  const outputs = new Float64Array(count * 2);
  for (let r = 0; r < count; r++) {
    const kind = Number(rng.uniform() < 0.4);
    inputs[r * WIDTH + kind] = 1;
    for (let c = 0; c < COLUMNS; c++)
      inputs[r * WIDTH + 2 + c * VALUES + Math.floor(rng.uniform() * VALUES)] = 1;
    outputs[2 * r] = 2 * kind + rng.normal();
    outputs[2 * r + 1] = 5 - 3 * kind + rng.normal();
  }
  return { inputs: { data: inputs, columns: WIDTH }, outputs: { data: outputs, columns: 2 } };
}

/** Mean squared error of lines on rows. */
function error({ offset, slopes }: ReturnType<typeof chosenLines>, rows: ReturnType<typeof drawn>): number {
  const { inputs, outputs } = rows;
  const squares = outputs.data.map((value, at) => {
    const [r, i] = [Math.floor(at / 2), at % 2];
    let left = value - offset[i]!;
    for (let s = 0; s < WIDTH; s++) left -= slopes[i * WIDTH + s]! * inputs.data[r * WIDTH + s]!;
    return left ** 2;
  });
  return squares.reduce((sum, square) => sum + square, 0) / squares.length;
}

describe("chosenLines", () => {
  it("predict new rows from 200 rows with 402 codes, of which two count", () => {
    const { inputs, outputs } = drawn(1, 200);
    const lines = chosenLines(inputs, outputs);
    expect(error(lines, drawn(2, 2000))).toBeLessThan(1.25); // 1 is the noise, 3 that of the means alone
    const used = Array.from({ length: WIDTH }, (_, s) => s).filter((s) => lines.slopes[s] !== 0);
    expect(used.length).toBeLessThan(40);
    expect(used.slice(0, 2)).toEqual([0, 1]);
  });

  it("are the means where no input counts, or outputs are constant", () => {
    const { inputs } = drawn(1, 50);
    const { offset, slopes } = chosenLines(inputs, { data: new Float64Array(50).fill(3), columns: 1 });
    expect(offset[0]).toBeCloseTo(3, 12);
    expect(slopes.every((slope) => slope === 0)).toBe(true);
  });
});
