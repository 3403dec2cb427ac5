import type { BadCommand } from "./bad-input.js";

type Line = [line: string, culprit: string, remedy: string];

const lines: readonly Line[] = [
  ["trian", 'unknown command "trian"', 'did you mean "train"?'],
  ["publish", 'unknown command "publish"', "flowify --help lists the commands"],
  ["train --epchs 3", "unknown flag --epchs", "did you mean --epochs?"],
  ["train -x", "unknown flag -x", "flowify train --help shows its flags"],
  ["train --steps", "--steps needs a value", "flowify train --help shows its flags"],
  ["train --steps --batch 3", "--steps needs a value, found --batch", "flowify train --help"],
  ["train --steps 2 --steps 3", '--steps is given twice, "2" and "3"', "flowify train --help"],
  ["train extra", 'unexpected argument "extra"', "flowify train --help"],
  ["train fmlp", 'unexpected argument "fmlp"', "did you mean --network fmlp?"],
  ["devices fmlp", 'unexpected argument "fmlp"', "flowify devices --help"],
  ["train --device gpu", '--device "gpu"', "expected auto or native or native-cuda or"],
  ["train --device cuda", '--device "cuda"', 'did you mean "native-cuda"?'],
  ["train --batch 0", '--batch "0"', "expected a positive whole number"],
  ["train --batch 12.5", '--batch "12.5"', "expected a positive whole number"],
  ["train --steps many", '--steps "many"', "expected a positive whole number"],
  ["train --limit 0", '--limit "0"', "expected a positive whole number"],
  ["train --seed 1e99", '--seed "1e99"', "expected a whole number of at least 0"],
  ["train --lr 0", '--lr "0"', "expected a positive number"],
  ["train --lr NaN", '--lr "NaN"', "expected a positive number"],
  ["train --lr Infinity", '--lr "Infinity"', "expected a positive number"],
  ["train --ema 1", '--ema "1"', "expected a number of at least 0 and below 1"],
  ["train --out ''", '--out ""', "expected a name, found an empty text"],
  ["train --warmup=-1", '--warmup "-1"', "expected a whole number of at least 0"],
  ["train --size 0x3", '--size "0x3"', "expected"],
  ["train --resize fit", "--resize needs a size", "add one, such as --size 64x64"],
  ["train --network fmpl", 'unknown network "fmpl"', 'did you mean "fmlp"? Known: mnist/fmlp'],
  ["train --recipe mnist/fconv", 'unknown recipe "mnist/fconv"', 'did you mean "mnist/fconv1"?'],
  ["train --data mnits", 'unknown data set "mnits"', 'did you mean "mnist"?'],
  ["train --pictures all", '--pictures "all"', "expected each or last or none"],
  ["train --evaluate-every 0", '--evaluate-every "0"', "expected a positive whole number"],
  ["train --validation 60000", "--validation 60000 leaves nothing to train on", "hold out fewer"],
  ["train --steps 3 --epochs 1", "--epochs and --steps exclude each other", "give one of them"],
  ["train --free", "--free is for a converted network", "name one with --from DIR"],
  ["evaluate", "the argument DIR is missing", "flowify evaluate --help shows its flags"],
  [
    "evaluate /nowhere/at-all",
    "/nowhere/at-all: no such folder",
    "train one with flowify train --out /nowhere/at-all",
  ],
  ["evaluate x --split dev", '--split "dev"', "expected train or validation or test"],
  ["sample x --mode median", '--mode "median"', "expected sample or deterministic"],
  ["sample x --temperature warm", '--temperature "warm"', "expected a number of at least 0"],
  ["inspect fconv9", 'unknown network "fconv9"', "Known: mnist/fmlp"],
  ["data get mnits", 'unknown data set "mnits"', 'did you mean "mnist"?'],
];

/** What the user wrote. */
export const commandLine: readonly BadCommand[] = lines.map(([line, culprit, remedy]) => ({
  input: `\`flowify ${line}\``,
  args: () => line.split(" ").map((word) => (word === "''" ? "" : word)),
  status: 2,
  code: "USAGE",
  says: [culprit, remedy],
}));
