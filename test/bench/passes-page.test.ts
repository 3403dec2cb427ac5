import { expect, it } from "vitest";
import { type PassResult, passesTables } from "../../bench/passes-page.js";

const sizes = { gigaflops: 2, megabytes: 10, nodes: 100 };
const result = (pass: string, kind: "step" | "score", gain?: number, spread = 0.004): PassResult => ({
  pass,
  network: "mnist/fmlp:paper",
  kind,
  changes: gain !== undefined,
  with: sizes,
  without: { ...sizes, megabytes: 11, nodes: 98 },
  ...(gain !== undefined && { withPerG: 5, withoutPerG: 5 * (1 + gain), gain, spread }),
});

it("shows gains with their spread, and sizes", () => {
  const tables = passesTables([
    result("tanh", "step"),
    result("tanh", "score", 0.013),
    result("biases", "step", 0.051),
    result("biases", "score", -0.02),
  ]);
  expect(tables).toContain("| tanh | = | +1.3 ± 0.4 |");
  expect(tables).toContain("| biases | +5.1 ± 0.4 | −2.0 ± 0.4 |");
  expect(tables).toContain("| biases | +0.0 / +10.0 / −2.0 | +0.0 / +10.0 / −2.0 |");
});
