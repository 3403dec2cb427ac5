import { join } from "node:path";
import { atMost, type Check, equal } from "./check.js";
import { runNode } from "./node.js";

/** What `flowify evaluate --json` prints. */
type Evaluation = { bpd: number; stdErr: number; items: number; split: string; ledger: { bpd: number }[] };

const flowify = "packages/cli/bin/flowify.js";

/** One epoch of `fmlp` on MNIST through the real command, measured on all test digits. */
export const mnistFmlp: Check = {
  name: "mnist-fmlp",
  needs: [],
  async run({ scratch, say }) {
    const out = join(scratch, "mnist-fmlp");
    const network = ["--data", "mnist", "--network", "fmlp"];
    const started = performance.now();
    await runNode(flowify, ["train", ...network, "--epochs", "1", "--seed", "7", "--out", out, "--json"]);
    say(`trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
    const measured = JSON.parse(await runNode(flowify, ["evaluate", out, "--json"])) as Evaluation;
    const sum = measured.ledger.reduce((total, { bpd }) => total + bpd, 0);
    return {
      "bits per dimension": atMost(measured.bpd, 5, (value) => value.toFixed(3)),
      "test digits": equal(measured.items, 10_000),
      "ledger off its total": atMost(Math.abs(sum - measured.bpd), 1e-9, (value) => value.toExponential(0)),
    };
  },
};
