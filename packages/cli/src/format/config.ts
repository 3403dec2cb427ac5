import { DataError, UsageError } from "@flowify/core";
import * as z from "zod";
import { pictureChoices } from "../commands/shared.js";
import { resizings } from "../data/format.js";
import { expectShallow } from "./depth.js";
import { networkSchema } from "./network.js";

const text = z.string();
const count = z.number().int().positive();
const rate = z.number().positive();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The environment of a run: equal environments produce equal numbers, to the last digit. */
const environmentSchema = z.strictObject({
  flowify: text,
  node: text,
  jax: text,
  /** null if not installed. */
  onnxruntime: text.nullable(),
  platform: text,
  cpu: text,
  cores: z.number().int().positive(),
  /** Threads inside an operation: their number changes the order of sums. */
  threads: z.exactOptional(z.number().int().positive()),
});

export type Environment = Readonly<z.infer<typeof environmentSchema>>;

/** Options for reading the images, if set. */
const readingSchema = z.strictObject({
  size: z.exactOptional(z.tuple([count, count]).readonly()),
  resize: z.exactOptional(z.enum(resizings)),
  grey: z.exactOptional(z.boolean()),
  skipCorrupt: z.exactOptional(z.boolean()),
});

/** Resolved values of everything that determines the results of a run: together with the data they reproduce it. */
const runConfigSchema = z.strictObject({
  format: z.literal("flowify-run"),
  version: z.literal(1),
  network: z.string().min(1),
  /** The layers of a network that is not built in. */
  description: z.exactOptional(networkSchema),
  /** The range of layers of a converted network: [from, to). */
  given: z.exactOptional(z.strictObject({ from: z.number().int(), to: z.number().int() })),
  /** Origin of the settings; their values are below. */
  recipe: z.string().nullable().default(null),
  data: z.strictObject({
    name: z.string().min(1),
    dir: z.string().nullable(),
    /** Number of training images: the first of those that are not held out. */
    examples: count,
    /** Number of held-out images, the last of the training images. */
    validation: z.number().int().nonnegative().default(0),
    /** Channels, height and width of an image; columns of a row. */
    shape: z.union([z.tuple([count, count, count]), z.tuple([count])]),
    /** Names of the columns of rows, if any. */
    columns: z.exactOptional(z.array(z.string())),
    reading: z.exactOptional(readingSchema),
    hash: sha256,
    /** The source files, relative to the folder. */
    files: z.exactOptional(z.array(z.strictObject({ name: z.string(), sha256 }))),
  }),
  steps: count,
  batch: count,
  seed: z.number().int().nonnegative(),
  /** The executor: another one rounds differently. */
  device: z.enum(["native", "webgpu", "wasm", "jax"]),
  flow: z.strictObject({
    density: z.enum(["gaussian", "mixture"]),
    /** The function of the pretrained network stays fixed: only noise and the stochastic inverse are trained. */
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
    startExamples: count,
    augment: z.enum(["none", "flip"]).default("none"),
  }),
  checkpointEvery: count,
  /** Steps between measurements on the validation examples; evaluation uses the best state on them. */
  validateEvery: z.exactOptional(count),
  /** Epochs between measurements, and the measurements with pictures. */
  evaluateEvery: count.default(1),
  pictures: z.enum(pictureChoices).default("each"),
  environment: z.exactOptional(environmentSchema),
});

export type RunConfig = Readonly<z.infer<typeof runConfigSchema>>;

/** The configuration of a run of images. */
export type ImageRunConfig = RunConfig & Readonly<{ data: { shape: [number, number, number] } }>;

/**
 * @param path name of the document in messages
 * @throws UsageError for a run of rows of numbers
 */
export function expectImageRun(path: string, config: RunConfig): ImageRunConfig {
  const { shape } = config.data;
  if (shape.length === 3) return { ...config, data: { ...config.data, shape } };
  throw new UsageError(`${path}: a run of rows of ${shape[0]} numbers, expected one of images`);
}

/**
 * The configuration of a run from its JSON document.
 *
 * @param path name of the document in messages
 * @throws DataError that lists the problems
 */
export function parseRunConfig(path: string, json: unknown): RunConfig {
  expectShallow(path, json);
  const result = runConfigSchema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path: field, message }) => `${field.join(".") || "it"}: ${message}`,
  );
  throw new DataError(
    `${path}: not the configuration of a run: ${problems.join("; ")}\nrestore the file that flowify wrote, or train again`,
  );
}

export const runConfigText = (config: RunConfig): string => `${JSON.stringify(config, null, 2)}\n`;
