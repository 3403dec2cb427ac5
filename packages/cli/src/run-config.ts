import { DataError, UsageError } from "@flowify/core";
import * as v from "valibot";
import { resizings } from "./data/format.js";
import { type TableSchema, tableSchema } from "./data/table/schema.js";
import { checked, expectShallow, RESTORE } from "./files/check.js";
import { networkSchema } from "./networks/network.js";
import { functionSchema } from "./opaque/schema.js";
import { keepingSchemas, trainingSchema } from "./settings.js";

const text = v.string();
const name = v.pipe(text, v.nonEmpty("expected a text that is not empty"));
const integer = v.pipe(v.number(), v.safeInteger());
const count = v.pipe(integer, v.minValue(1));
const index = v.pipe(integer, v.minValue(0));
const sha256 = v.pipe(text, v.regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"));

/** The environment of a run: equal environments produce equal numbers, to the last digit. */
export const environmentSchema = v.strictObject({
  flowify: text,
  node: text,
  jax: text,
  /** null if not installed. */
  onnxruntime: v.nullable(text),
  platform: text,
  cpu: text,
  cores: count,
  /** Threads inside an operation: their number changes the order of sums. */
  threads: v.exactOptional(count),
  /** Workers that scored side by side, where that was asked for: their number changes the order of sums. */
  workers: v.exactOptional(count),
  /** In how many parts, side by side, a process computed its examples of a batch: their number changes the order of sums. */
  parts: v.exactOptional(count),
  /** Processes that computed a part of every batch each, where there were several. */
  ranks: v.exactOptional(count),
});

export type Environment = Readonly<v.InferOutput<typeof environmentSchema>>;

/** How the examples were read, where that was asked for; of a table always. */
export const readingSchema = v.strictObject({
  size: v.exactOptional(v.pipe(v.strictTuple([count, count]), v.readonly())),
  resize: v.exactOptional(v.picklist(resizings)),
  grey: v.exactOptional(v.boolean()),
  skipCorrupt: v.exactOptional(v.boolean()),
  columns: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
  drop: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
  id: v.exactOptional(v.string()),
  where: v.exactOptional(v.string()),
  calendar: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
  missing: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
  table: v.exactOptional(v.boolean()),
  /** The columns of the table, as they were found in the training file. */
  schema: v.exactOptional(tableSchema),
  /** The classes of pictures whose density was learned given them, in the order of their labels. */
  classes: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
});

/** Resolved values of everything that determines the results of a run: together with the data they reproduce it. */
const runConfigSchema = v.strictObject({
  format: v.literal("flowify-run"),
  version: v.literal(3),
  /** What the other files of the run hold as well; missing in runs from before. */
  run: v.exactOptional(sha256),
  network: name,
  /** The layers of a network that is not built in. */
  description: v.exactOptional(networkSchema),
  /** The range of layers of a converted network: [from, to). */
  pretrained: v.exactOptional(v.strictObject({ from: integer, to: integer })),
  /** The network that is one step: x given its outputs is what the layers describe. */
  opaque: v.exactOptional(functionSchema),
  /** Origin of the settings; their values are below. */
  recipe: v.optional(v.nullable(text), null),
  data: v.strictObject({
    name: name,
    dir: v.nullable(text),
    /** Number of training images: the first of those that are not held out. */
    examples: count,
    /** Number of held-out images, the last of the training images. */
    validation: v.optional(index, 0),
    /** Channels, height and width of an image; columns of a row. */
    shape: v.union([v.strictTuple([count, count, count]), v.strictTuple([count])]),
    /** Names of the columns of rows, if any. */
    columns: v.exactOptional(v.array(text)),
    reading: v.exactOptional(readingSchema),
    hash: sha256,
    /** The source files, relative to the folder. */
    files: v.exactOptional(v.array(v.strictObject({ name: text, sha256 }))),
  }),
  /** The executor: another one rounds differently. */
  device: v.picklist(["native", "webgpu", "wasm", "jax"]),
  flow: v.strictObject({
    density: v.picklist(["gaussian", "mixture"]),
    /** The function of the pretrained network stays fixed: only noise and the stochastic inverse are trained. */
    frozen: v.exactOptional(v.boolean()),
  }),
  training: trainingSchema,
  ...keepingSchemas,
  environment: v.exactOptional(environmentSchema),
});

export type RunConfig = Readonly<v.InferOutput<typeof runConfigSchema>>;

/** The columns of the table of a run. @throws RangeError where its data are no table */
export function schemaOf({ data: { name, reading } }: Pick<RunConfig, "data">): TableSchema {
  const schema = reading?.schema;
  if (schema === undefined) throw new RangeError(`${name} is no table`);
  return schema;
}

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
  return checked(
    runConfigSchema,
    json,
    (problems) => new DataError(`${path}: not the configuration of a run: ${problems}\n${RESTORE}`),
  );
}

export const runConfigText = (config: RunConfig): string => `${JSON.stringify(config, null, 2)}\n`;
