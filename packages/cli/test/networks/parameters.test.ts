import { parameterList, sizeOf } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { flowOf } from "../../src/networks/choose.js";

/**
 * The authors' count (Flowification, appendix), and ours less theirs. Their convolutions have noise scales of pads and tiles
 * that nothing uses, and one shared spline more.
 */
it.each([
  ["fmlp", 5_496_529, 0],
  ["fconv1", 1_936_354, -6 - 29],
  ["fconv1-nsf", 3_065_270, -6 - 29],
  ["fconv2", 1_676_713, -9 - 29],
  ["fconv2-nsf", 2_714_197, -9 - 29],
])("mnist/%s:paper with Gaussians has the parameters of the authors' network", (name, theirs, difference) => {
  const own = parameterList(flowOf({ name: `mnist/${name}:paper` }, { density: "gaussian" }));
  const count = own.reduce((sum, { kind, shape }) => sum + (kind === "fixed" ? 0 : sizeOf(shape)), 0);
  expect(count - theirs).toBe(difference);
});
