import { DataError, UsageError } from "@flowify/core";
import * as z from "zod";
import { pictureChoices } from "../commands/shared.js";
import { resizings } from "../data/format.js";
import { tableSchema } from "../data/table/schema.js";
import { expectShallow } from "./depth.js";
import { networkSchema } from "./network.js";

const text = z.string();
const count = z.number().int().positive();
const rate = z.number().positive();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a run was computed with: the same numbers come to the last digit where all of it is the same. */
const environmentSchema = z.strictObject({
  flowify: text,
  node: text,
  jax: text,
  /** null where it is not installed. */
  onnxruntime: text.nullable(),
  platform: text,
  cpu: text,
  cores: z.number().int().positive(),
  /** Threads inside an operation: another number adds up in another order. */
  threads: z.exactOptional(z.number().int().positive()),
});

export type Environment = Readonly<z.infer<typeof environmentSchema>>;

/** How the examples were read, where that was asked for; of a table always. */
const readingSchema = z.strictObject({
  size: z.exactOptional(z.tuple([count, count]).readonly()),
  resize: z.exactOptional(z.enum(resizings)),
  grey: z.exactOptional(z.boolean()),
  skipCorrupt: z.exactOptional(z.boolean()),
  columns: z.exactOptional(z.array(z.string()).readonly()),
  drop: z.exactOptional(z.array(z.string()).readonly()),
  id: z.exactOptional(z.string()),
  /** The columns of the table, as they were found in the training file. */
  schema: z.exactOptional(tableSchema),
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
    examples: count,
    /** The last training images, held out. */
    validation: z.number().int().nonnegative().default(0),
    /** Channels, height and width of an image; columns of a row. */
    shape: z.union([z.tuple([count, count, count]), z.tuple([count])]),
    /** Names of the columns of rows, where they have some. */
    columns: z.exactOptional(z.array(z.string())),
    reading: z.exactOptional(readingSchema),
    hash: sha256,
    /** The files that they were read from, below the folder or beside nothing. */
    files: z.exactOptional(z.array(z.strictObject({ name: z.string(), sha256 }))),
  }),
  steps: count,
  batch: count,
  seed: z.number().int().nonnegative(),
  /** The executor: another one rounds otherwise. */
  device: z.enum(["native", "webgpu", "wasm", "jax"]),
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
    startExamples: count,
    augment: z.enum(["none", "flip"]).default("none"),
  }),
  checkpointEvery: count,
  /** Steps between measurements on the validation examples; the run is judged by its best state on them. */
  validateEvery: z.exactOptional(count),
  /** Epochs between measurements, and which of them make pictures. */
  evaluateEvery: count.default(1),
  pictures: z.enum(pictureChoices).default("each"),
  environment: z.exactOptional(environmentSchema),
});

export type RunConfig = Readonly<z.infer<typeof runConfigSchema>>;

/** The configuration of a run of images. */
export type ImageRunConfig = RunConfig & Readonly<{ data: { shape: [number, number, number] } }>;

/**
 * @param path how messages call the document
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
 * @param path how messages call the document
 * @throws DataError that lists what is not as expected
 */
export function parseRunConfig(path: string, json: unknown): RunConfig {
  expectShallow(path, json);
  const result = runConfigSchema.safeParse(json);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path: field, message }) => `${field.join(".") || "it"}: ${message}`,
  );
  throw new DataError(
    `${path}: not the configuration of a run: ${problems.join("; ")}\nput back the file that flowify wrote, or train again`,
  );
}

export const runConfigText = (config: RunConfig): string => `${JSON.stringify(config, null, 2)}\n`;
