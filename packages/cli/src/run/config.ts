import { readFileSync } from "node:fs";
import { DataError } from "@flowify/core";
import * as z from "zod";
import { pictureChoices } from "../commands/shared.js";
import { resizings } from "../data/form.js";
import { environmentSchema } from "../environment.js";
import type { ChosenNetwork } from "../networks/choose.js";
import { networkSchema } from "../networks/network-file.js";
import { readWeights } from "../networks/weights.js";
import { writeFileAtomic } from "./atomic.js";
import { holdsRun, notARun, runPaths } from "./folder.js";

const count = z.number().int().positive();
const rate = z.number().positive();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** How the images were read, where that was asked for. */
const readingSchema = z.strictObject({
  size: z.exactOptional(z.tuple([count, count]).readonly()),
  resize: z.exactOptional(z.enum(resizings)),
  grey: z.exactOptional(z.boolean()),
  skipCorrupt: z.exactOptional(z.boolean()),
});

/** Everything that decides what a run computes, resolved: with it and the data the run can be made again. */
const runConfigSchema = z.strictObject({
  format: z.literal("flowify-run"),
  version: z.literal(1),
  network: z.string().min(1),
  /** The layers of a network that is none of flowify's own. */
  description: z.exactOptional(networkSchema),
  /** Which of the layers are those of a converted network: from the first to before the last. */
  given: z.exactOptional(z.strictObject({ from: z.number().int(), to: z.number().int() })),
  /** Where the choices came from; what they were is below. */
  recipe: z.string().nullable().default(null),
  data: z.strictObject({
    name: z.string().min(1),
    dir: z.string().nullable(),
    /** Images that the run trains on: the first of those that are not held out. */
    items: count,
    /** The last training images, held out. */
    validation: z.number().int().nonnegative().default(0),
    shape: z.tuple([count, count, count]),
    reading: z.exactOptional(readingSchema),
    hash: sha256,
    /** The files that they were read from, below the folder or beside nothing. */
    files: z.exactOptional(z.array(z.strictObject({ name: z.string(), sha256 }))),
  }),
  steps: count,
  batch: count,
  seed: z.number().int().nonnegative(),
  /** The executor: another one rounds otherwise. */
  device: z.enum(["native", "webgpu", "wasm"]),
  flow: z.strictObject({
    density: z.enum(["gaussian", "mixture"]),
    /** The given function stays: only noise and the stochastic inverse are trained. */
    frozen: z.exactOptional(z.boolean()),
  }),
  training: z.strictObject({
    learningRate: rate,
    orthogonalRate: rate,
    warmup: z.number().int().nonnegative(),
    /** null: never. */
    clip: rate.nullable(),
    ema: z.number().min(0).lt(1),
    start: z.enum(["data", "random"]),
    startItems: count,
    augment: z.enum(["none", "flip"]).default("none"),
  }),
  checkpointEvery: count,
  /** Epochs between measurements, and which of them make pictures. */
  evaluateEvery: count.default(1),
  pictures: z.enum(pictureChoices).default("each"),
  environment: z.exactOptional(environmentSchema),
});

export type RunConfig = Readonly<z.infer<typeof runConfigSchema>>;

/** The network of the run in `folder`. */
export const networkOfRun = ({ network, description }: RunConfig, folder: string): ChosenNetwork => ({
  name: network,
  ...(description && { description, tensors: readWeights(folder, description) }),
});

export const writeRunConfig = (path: string, config: RunConfig): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(config, null, 2)}\n`);

/**
 * Reads the configuration of the run in `folder`.
 *
 * @throws UsageError where the folder holds no run, DataError where its configuration is damaged
 */
export function readRunConfig(folder: string): RunConfig {
  if (!holdsRun(folder)) throw notARun(folder);
  const path = runPaths(folder).config;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new DataError(`${path}: not JSON (${(cause as Error).message})`, { cause });
  }
  const result = runConfigSchema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path: field, message }) => `${field.join(".") || "it"}: ${message}`,
  );
  throw new DataError(`${path}: not the configuration of a run: ${problems.join("; ")}`);
}
