import { expect, it } from "vitest";
import { convertMutated } from "./mutated.js";
import { residual } from "./onnx-model.js";

const SEED = 20;
it(`1,000 mutated files of seed ${SEED} end in a network or in an error of flowify's own`, () => {
  const { harmful, read } = convertMutated([residual], 1000, SEED);
  expect(harmful).toEqual([]);
  expect(read).toBeGreaterThan(0);
});
