import { expect, it } from "vitest";
import { type PassResult, passesPage } from "../../bench/passes-page.js";

const sizes = { gigaflops: 2, megabytes: 10, nodes: 100 };
const result = (pass: string, kind: "step" | "score", gain?: number): PassResult => ({
  pass,
  network: "mnist/fmlp:paper",
  kind,
  changes: gain !== undefined,
  with: sizes,
  without: { ...sizes, megabytes: 11, nodes: 98 },
  ...(gain !== undefined && { withPerG: 5, withoutPerG: 5 * (1 + gain), gain, spread: 0.004 }),
});

it("names the passes whose largest gain is below two percent", () => {
  const page = passesPage(
    [
      result("tanh", "step"),
      result("tanh", "score", 0.013),
      result("biases", "step", 0.051),
      result("biases", "score", -0.02),
    ],
    "a machine",
  );
  expect(page).toContain("| tanh | +1.3 | = | +1.3 ± 0.4 |");
  expect(page).toContain("| biases | +5.1 | +5.1 ± 0.4 | −2.0 ± 0.4 |");
  expect(page).toContain("Below the rule: `tanh`.");
  expect(page).toContain("| biases | +0.0 / +10.0 / −2.0 | +0.0 / +10.0 / −2.0 |");
});
