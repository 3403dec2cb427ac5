import { paperNames, UsageError, zooNames } from "@flowify/core";
import { type Training, usualTraining } from "./settings.js";
import { unknownName } from "./ui/format.js";

/** Default settings of a network: those of its training, except those of a single run, and the density of dropped coordinates. */
export type Rates = Omit<Training, "steps" | "seed" | "ema" | "augment"> &
  Readonly<{ density: "gaussian" | "mixture" }>;

/** A recipe: network, data, and all settings of training that flags can set. */
export type Recipe = Rates & Readonly<{ network: string; data: string; epochs: number; seed: number }>;

const { seed: _seed, ema: _ema, augment: _augment, ...usual } = usualTraining;
const standardRates: Rates = { ...usual, density: "mixture" };

/** Passes over the data in the paper. */
const EPOCHS = 300;
/** Passes of the recipes that are ours alone. */
const epochs: Readonly<Record<string, number>> = {
  "mnist/quick": 1,
  "mnist/transformer": 1,
  "mnist/best": 10,
  "cifar10/best": 3,
};
const SEED = 7;

/** The rates of the paper: Adam 5e-4, no warm-up, no clipping, Gaussians, random initialization. */
const paperRates: Rates = {
  ...standardRates,
  batchSize: 128,
  learningRate: 5e-4,
  orthogonalRate: 5e-4,
  warmup: 0,
  clip: null,
  density: "gaussian",
  init: "random",
};

const rate = (learningRate: number, orthogonalRate = learningRate): Partial<Rates> => ({
  learningRate,
  orthogonalRate,
});

/** Half the usual batch: in the same time, twice the steps bring far more (docs/results/levers.md). */
const SMALL_BATCH = { batchSize: 64 } as const;
/** A colour image has four times the numbers of a digit: fewer of them suffice for a step (docs/results/levers.md). */
const SMALLER_BATCH = { batchSize: 16 } as const;

/**
 * Differences of a network from `standardRates`: the best of the tried rates after one epoch (MNIST) or 1,000 steps
 * (CIFAR-10), docs/results/rates.md.
 */
const tuned: Readonly<Record<string, Partial<Rates>>> = {
  "mnist/fmlp": { ...rate(2e-3), ...SMALL_BATCH },
  "mnist/fconv1": { ...rate(4e-3), ...SMALL_BATCH },
  "mnist/fconv1-nsf": { ...rate(4e-3), ...SMALL_BATCH },
  "mnist/fconv2": { ...rate(4e-3), batchSize: 32, optimizer: "muon" },
  "mnist/fconv2-nsf": { ...rate(3e-3), ...SMALL_BATCH },
  // its rotations stay principal directions: to move them takes a fifth of a step, and is worth 20 of 500 (docs/results/levers.md)
  "mnist/quick": { ...rate(4e-3, 0), batchSize: 32 },
  "mnist/transformer": { ...rate(6e-3, 0), batchSize: 32, optimizer: "muon" },
  "mnist/best": { ...rate(6e-3, 0), batchSize: 32, optimizer: "muon" },
  "cifar10/best": { ...rate(3e-3), ...SMALLER_BATCH },
  "cifar10/fmlp": rate(3e-4),
  "cifar10/fconv1": { ...rate(3e-3), ...SMALLER_BATCH },
  "cifar10/fconv1-nsf": { ...rate(3e-3), ...SMALLER_BATCH },
  "cifar10/fconv2": { ...rate(3e-3), ...SMALLER_BATCH },
  "cifar10/fconv2-nsf": { ...rate(3e-3), ...SMALLER_BATCH },
  "mnist/fmlp:paper": rate(2e-3),
  "mnist/fconv1:paper": rate(1.2e-2),
  "mnist/fconv1-nsf:paper": rate(1.2e-2),
  "mnist/fconv2:paper": rate(6e-3),
  "mnist/fconv2-nsf:paper": rate(3e-3),
  "cifar10/fmlp:paper": rate(2e-3),
  "cifar10/fconv1:paper": rate(8e-3),
  "cifar10/fconv1-nsf:paper": rate(8e-3),
  "cifar10/fconv2:paper": rate(3e-3),
  "cifar10/fconv2-nsf:paper": rate(3e-3),
};

/** Names of the recipes: `NAME`, ours, and `NAME:paper`, the network and rates of the paper. */
export const recipeNames: readonly string[] = [...zooNames, ...paperNames];

/** Highest rate with Gaussian densities: the loss of an outlier is quadratic, and a large step would follow it. */
const GAUSSIAN_RATE = 1e-3;

export function ratesOf(network: string, density: Rates["density"] = standardRates.density): Rates {
  const rates = {
    ...standardRates,
    ...(Object.hasOwn(tuned, network) ? tuned[network] : undefined),
    density,
  };
  if (density === "mixture") return rates;
  const { learningRate, orthogonalRate } = rates;
  return {
    ...rates,
    learningRate: Math.min(learningRate, GAUSSIAN_RATE),
    orthogonalRate: Math.min(orthogonalRate, GAUSSIAN_RATE),
  };
}

/** The data set of a network of the paper. */
export const dataOf = (network: string): string | undefined =>
  recipeNames.includes(network) ? network.slice(0, network.indexOf("/")) : undefined;

/** @throws UsageError that suggests a recipe */
export function recipeNamed(name: string): Recipe {
  if (!recipeNames.includes(name)) throw new UsageError(unknownName("recipe", name, recipeNames));
  return {
    network: name,
    data: name.slice(0, name.indexOf("/")),
    epochs: epochs[name] ?? EPOCHS,
    seed: SEED,
    ...(zooNames.includes(name) ? ratesOf(name) : paperRates),
  };
}
