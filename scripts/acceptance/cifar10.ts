import { join } from "node:path";
import { atMost, type Check, type Evaluation, equal, type Row } from "./check.js";
import { flowify, flowifyJson } from "./node.js";

const FOLDER = "data/cifar10";

type Baselines = { baselines: readonly { name: string; bpd: number }[] };

const networks = ["fconv2", "fconv2-nsf", "fmlp", "fconv1", "fconv1-nsf"];

/** 1,000 steps of each recipe on real photographs: better than all trivial densities. */
export const cifar10: Check = {
  name: "cifar10",
  needs: [`${FOLDER}/data_batch_1.bin.gz`, `${FOLDER}/test_batch_first1000.bin.gz`],
  slow: true,
  async run({ dir, scratch, say }) {
    const place = ["--data-dir", join(dir, FOLDER)];
    const rows: { [what: string]: Row } = {};
    const trivial = await flowifyJson<Baselines>(["baseline", "--data", "cifar10", ...place]);
    const baseline = Math.min(...trivial.baselines.map(({ bpd }) => bpd));
    say(`the best baseline has ${baseline.toFixed(3)} bits per dimension`);
    for (const network of networks) {
      const out = join(scratch, `cifar10-${network}`);
      const what = ["--recipe", `cifar10/${network}`, "--steps", "1000", "--evaluate-every", "1000"];
      const started = performance.now();
      await flowify(["train", ...what, ...place, "--pictures", "none", "--out", out, "--json"]);
      say(`${network} trained in ${((performance.now() - started) / 1000).toFixed(0)} s`);
      const args = ["evaluate", out, ...place, "--limit", "1000"];
      const { bpd, examples } = await flowifyJson<Evaluation>(args);
      rows[`${network}, bits per dimension`] = atMost(bpd, baseline, (value) => value.toFixed(3));
      rows[`${network}, test images`] = equal(examples, 1000);
    }
    return rows;
  },
};
