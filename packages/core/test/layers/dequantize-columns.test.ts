/** Where some columns are continuous, the noise is less than a number an entry: L once more, from the slopes of the noisy ones. */

import type { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { numbersOf } from "../../src/testing/arrays.js";
import { host, prepare, toJax } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { expectClose } from "../support/compare.js";

/** Noisy columns of the catalog's entry, and the step of a central difference. */
const NOISY = [0, 2];
const H = 1e-5;

it("contributes the log slopes of the noisy columns, and leaves the continuous one as it is", async () => {
  const entry = catalog.find(({ name }) => name === "dequantizeColumns of a continuous column too")!;
  const prepared = await prepare(entry, "float64");
  const batch = prepared.x().shape[0]!;
  const u = await numbersOf((prepared.forwardNoise() as { u: np.Array }).u);
  const at = async (shift: number, column: number) => {
    const moved = host(
      u.map((value, i) => value + (i % NOISY.length === column ? shift : 0)),
      [batch, NOISY.length],
    );
    const noise = { u: toJax(moved, "float64") };
    const { z, contribution } = entry.layer.forward(prepared.params(), prepared.x(), noise);
    return { z: await numbersOf(z), contribution: await numbersOf(contribution) };
  };
  const here = await at(0, 0);
  const logSlopes = new Float64Array(batch);
  for (const [column, place] of NOISY.entries()) {
    const [up, down] = [await at(H, column), await at(-H, column)];
    logSlopes.forEach((_, i) => {
      logSlopes[i]! += Math.log((up.z[3 * i + place]! - down.z[3 * i + place]!) / (2 * H));
    });
  }
  expectClose(here.contribution, logSlopes, "gradient");
  const x = await numbersOf(prepared.x());
  expect(here.z.filter((_, i) => i % 3 === 1)).toEqual(x.filter((_, i) => i % 3 === 1));
});
