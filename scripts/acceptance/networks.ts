import { join } from "node:path";
import { atMost, type Check, type Evaluation, equal, fixed, type Row } from "./check.js";
import { flowify, flowifyJson } from "./node.js";
import { CIFAR } from "./pretrained-files.js";

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

const photographs = ["fconv2", "fconv2-nsf", "fmlp", "fconv1", "fconv1-nsf"];

/** Trains a run of these words, and measures it. */
async function measured(
  { scratch, say }: Parameters<Check["run"]>[0],
  network: string,
  training: readonly string[],
  evaluation: readonly string[] = [],
): Promise<Evaluation> {
  const out = join(scratch, network.replace(":", "-"));
  const started = performance.now();
  await flowify(["train", ...training, "--out", out, "--json"]);
  say(`${network} trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return flowifyJson<Evaluation>(["evaluate", out, ...evaluation]);
}

/** One epoch of each network on MNIST with the command, measured on all test digits. */
export const mnist: Check = {
  name: "mnist",
  needs: [],
  async run(context) {
    const rows: { [what: string]: Row } = {};
    for (const [network, limit] of Object.entries(limits)) {
      const what = ["--data", "mnist", "--network", network, "--epochs", "1", "--seed", "7"];
      const { bpd, examples, ledger } = await measured(context, network, what);
      const sum = ledger.reduce((total, part) => total + part.bpd, 0);
      rows[`${network}, bits per dimension`] = atMost(bpd, limit, fixed(3));
      rows[`${network}, test digits`] = equal(examples, 10_000);
      rows[`${network}, ledger minus total`] = atMost(Math.abs(sum - bpd), 1e-9, String);
    }
    return rows;
  },
};

/** 1,000 steps of each recipe on real photographs: better than all trivial densities. */
export const cifar10: Check = {
  name: "cifar10",
  needs: [`${CIFAR}/data_batch_1.bin.gz`, `${CIFAR}/test_batch_first1000.bin.gz`],
  slow: true,
  async run(context) {
    const place = ["--data-dir", join(context.dir, CIFAR)];
    const rows: { [what: string]: Row } = {};
    const { baselines } = await flowifyJson<{ baselines: readonly { bpd: number }[] }>([
      "baseline",
      "--data",
      "cifar10",
      ...place,
    ]);
    const baseline = Math.min(...baselines.map(({ bpd }) => bpd));
    context.say(`the best baseline has ${baseline.toFixed(3)} bits per dimension`);
    for (const network of photographs) {
      const what = ["--recipe", `cifar10/${network}`, "--steps", "1000", "--evaluate-every", "1000"];
      const training = [...what, ...place, "--pictures", "none"];
      const { bpd, examples } = await measured(context, network, training, [...place, "--limit", "1000"]);
      rows[`${network}, bits per dimension`] = atMost(bpd, baseline, fixed(3));
      rows[`${network}, test images`] = equal(examples, 1000);
    }
    return rows;
  },
};
