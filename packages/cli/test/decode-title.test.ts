import { expect, it } from "vitest";
import { preimagesTitle } from "../src/actions/decode.js";

it("the picture of decode says how many of its inputs are draws, and how far their results are off", () => {
  expect(preimagesTitle(Float64Array.of(1, 1), 1e-5, 0.04)).toBe(
    "2 inputs, sampled; outputs differ by 0.00001, as pictures by 0.04",
  );
  expect(preimagesTitle(Float64Array.of(0, 0.2), 110.4, 113)).toBe(
    "2 inputs, 0 of them sampled; outputs differ by 110, as pictures by 110",
  );
});
