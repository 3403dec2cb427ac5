import { expect, test } from "vitest";
import { type NetworkResult, resultsPage } from "../../bench/results.js";

const result = (network: string, more: Partial<NetworkResult> = {}): NetworkResult => ({
  network,
  parameters: 1_676_675,
  steps: 469,
  batch: 128,
  seed: 7,
  learningRate: 3e-3,
  orthogonalRate: 2e-3,
  train: { examples: 60_000 },
  test: { examples: 10_000, bpd: 3.0214, stdErr: 0.0042 },
  ledger: [
    { layer: "dequantize[0]", bpd: 8, exact: false },
    ...Array.from({ length: 9 }, (_, i) => ({ layer: `linear[${i + 1}]`, bpd: -i / 10, exact: true })),
  ],
  bench: { stepMs: 400, gMs: 20, stepPerG: 20, fraction: 0.25, peakRssMb: 1234.5 },
  commit: "abc1234",
  machine: "a machine",
  ...more,
});

test("the page of results has a line a network beside the authors' figures", () => {
  const paper = { parameters: 1_676_713, differences: [{ what: "noise scales", parameters: -38 }] };
  const page = resultsPage([
    result("mnist/fconv2", { paper }),
    result("cifar10/fmlp", {
      train: { examples: 20_000, splitSize: 50_000 },
      test: { examples: 1000, splitSize: 10_000, bpd: 5, stdErr: 0.1 },
    }),
  ]);
  expect(page).toContain(
    "| `mnist/fconv2` | 1,676,675 | 1,676,713 | 469 | 3.021 ± 0.004 | 5.98 | 20.0 | 57 | 5.0 | 1,235 |",
  );
  expect(page).toContain(
    "| `cifar10/fmlp` | 1,676,675 | – | 469 | 5.000 ± 0.100 | – | 20.0 | – | 5.0 | 1,235 |",
  );
  expect(page).toContain(
    "- cifar10: trained on 20,000 of the 50,000 images, tested on 1,000 of the 10,000 test images",
  );
  expect(page).toContain("commit abc1234, a machine.");
  expect(page).toContain("- −38 parameters: noise scales");
});

test("the ledger of the page shows the largest lines and sums to the total", () => {
  const page = resultsPage([result("mnist/fconv2")]);
  expect(page).toMatch(
    /\| layer \| bpd \| {2}\|\n[^\n]+\n\| dequantize\[0\] \| \+8\.000 \| bound \|\n\| linear\[9\] \| −0\.800 \| exact \|/,
  );
  expect(page).toContain("| 4 others | −0.600 |");
  expect(page).toContain("| total | +4.400 |");
});
