/** Kernels that look numbers up by the interval of an element. */
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { Expressions } from "../src/fused/expressions.js";
import { emitKernel } from "../src/fused/kernel.js";
import { tableData } from "../src/fused/lookup.js";
import { wasmModule } from "../src/fused/wasm.js";

const SIZE = 64;

/** What a kernel makes of x: the numbers of a row, and the product of x and the last of them. */
async function lookUp(ends: number[], rows: number[][], x: Float32Array): Promise<Float32Array[]> {
  const build = new Expressions();
  const of = build.argument(0, SIZE);
  const width = rows[0]?.length as number;
  const row = Array.from({ length: width }, (_, i) => build.argument(1 + i, SIZE));
  const product = build.operation("mul", of, row.at(-1) as (typeof row)[0]) as (typeof row)[0];
  const outputs = [...row, product];
  const kernel = emitKernel({
    inputs: [of],
    scalars: [],
    steps: [product],
    outputs,
    table: { of, ends: ends.length, row },
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(wasmModule([kernel]), { env: { memory } });
  const data = tableData(ends, rows);
  const place = (i: number): number => 4 * SIZE * i;
  const at = (i: number): Float32Array => new Float32Array(memory.buffer, place(i), SIZE);
  at(0).set(x);
  const table = place(outputs.length + 1) + 4; // anywhere
  new Float32Array(memory.buffer, table, data.length).set(data);
  const pointers = [0, ...outputs.map((_, i) => i + 1)].map(place);
  (instance.exports["0"] as (...numbers: number[]) => void)(4 * SIZE, ...pointers, table);
  return outputs.map((_, i) => at(i + 1));
}

/** The next float32 after a number, upwards or downwards. */
function neighbour(x: number, direction: 1 | -1): number {
  if (x === 0) return direction * 2 ** -149;
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0] = (bits[0] as number) + (x > 0 ? direction : -direction);
  return new Float32Array(bits.buffer)[0] as number;
}

describe("a lookup", () => {
  const rng = makeRng(3);
  for (const count of [1, 2, 5, 11])
    for (const width of [1, 2, 3, 4, 5, 6, 9])
      it(`finds ${width} numbers for one of ${count + 1} intervals`, async () => {
        const ends = Array.from({ length: count }, () => Math.fround(rng.normal())).sort((a, b) => a - b);
        if (count === 5) ends[2] = 0;
        if (count === 11) ends[4] = ends[3] as number; // an empty interval
        ends.sort((a, b) => a - b);
        const rows = Array.from({ length: count + 1 }, () =>
          Array.from({ length: width }, () => Math.fround(rng.normal())),
        );
        const special = [
          Number.NEGATIVE_INFINITY,
          Number.POSITIVE_INFINITY,
          Number.NaN,
          0,
          -0,
          1e-40,
          -1e-40,
        ];
        const near = ends.flatMap((end) => [end, neighbour(end, 1), neighbour(end, -1)]);
        const x = new Float32Array(SIZE);
        rng.fillNormal(x);
        x.set([...special, ...near]);
        const found = await lookUp(ends, rows, x);
        x.forEach((value, i) => {
          const row = rows[ends.filter((end) => end <= value).length] as number[];
          expect(found.slice(0, width).map((column) => column[i])).toEqual(row);
          expect(found[width]?.[i]).toBe(Math.fround(value * (row.at(-1) as number)));
        });
      });
});
