import { join } from "node:path";
import { atMost, type Check, type Evaluation, equal, fixed, type Row } from "./check.js";
import { flowify, flowifyJson } from "./node.js";

/** Limits of bits per dimension after one epoch: with our layers in front, and for the network of the paper. */
const limits: { readonly [network: string]: number } = {
  fmlp: 1.59,
  fconv1: 1.75,
  "fconv1-nsf": 1.75,
  fconv2: 1.48,
  "fconv2-nsf": 1.37,
  "fmlp:paper": 5,
  "fconv1:paper": 6.1,
  "fconv1-nsf:paper": 6.1,
  "fconv2:paper": 3.5,
  "fconv2-nsf:paper": 2.8,
};

/** One epoch of each network on MNIST with the command, measured on all test digits. */
export const mnist: Check = {
  name: "mnist",
  needs: [],
  async run({ scratch, say }) {
    const rows: { [what: string]: Row } = {};
    for (const [network, limit] of Object.entries(limits)) {
      const what = ["--data", "mnist", "--network", network, "--epochs", "1", "--seed", "7"];
      const out = join(scratch, network.replace(":", "-"));
      const started = performance.now();
      await flowify(["train", ...what, "--out", out, "--json"]);
      say(`${network} trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
      const { bpd, examples, ledger } = await flowifyJson<Evaluation>(["evaluate", out]);
      const sum = ledger.reduce((total, part) => total + part.bpd, 0);
      rows[`${network}, bits per dimension`] = atMost(bpd, limit, fixed(3));
      rows[`${network}, test digits`] = equal(examples, 10_000);
      rows[`${network}, ledger minus total`] = atMost(Math.abs(sum - bpd), 1e-9, String);
    }
    return rows;
  },
};
