import { DataError } from "../errors.js";
import {
  checkExamples,
  checkScales,
  conditionError,
  type ExampleDomain,
  type Examples,
  type ExamplesIn,
  expectCondition,
  readExamples,
} from "../examples.js";
import type { Flow } from "../flow.js";
import { joined } from "../lists.js";
import { showShape, sizeOf } from "../shape.js";

/**
 * Examples that are fetched a batch at a time: from files, from a database, or computed. The same indices must always
 * bring the same examples: then a run is a function of its seed, and one that is resumed repeats it.
 *
 * @example
 * ```ts
 * import type { BatchSource } from "@flowify/core";
 *
 * const source: BatchSource = { count: 10_000, batch: async (indices) => Array.from(indices, (i) => [i, i * i]) };
 * console.log(source.count);
 * // 10000
 * ```
 */
export type BatchSource = Readonly<{
  /** How many examples there are. */
  count: number;
  /** The examples with these indices, 0 to count − 1, in this order. */
  batch(indices: Uint32Array): ExamplesIn | Promise<ExamplesIn>;
}>;

/** Examples to train on or to measure with: in any form that a model takes, with their number, or fetched in batches. */
export type DataIn = ExamplesIn | Examples | BatchSource;

/** Examples by their indices, checked. */
export type ExampleReader = Readonly<{
  count: number;
  /** Errors: `DataError`, with its cause, where a source fails or gives other than it was asked for. */
  read(indices: Uint32Array): Promise<Float32Array>;
  /** The conditions of the examples, where a flow has one. */
  conditions?: ExampleReader | undefined;
}>;

/** Errors: `DataError`, `DomainError` for examples that are not what the flow takes; those of a source show when it is read. */
export function exampleReader(data: DataIn | ExampleReader, domain: ExampleDomain): ExampleReader {
  const isRecord = typeof data === "object" && data !== null;
  if (isRecord && "read" in data) return data;
  if (isRecord && "batch" in data) return readerOfSource(data, domain);
  const given = isRecord && "examples" in data ? data : readExamples(data, domain);
  if (given === data) checkExamples(given, domain);
  checkScales(given.examples, domain, given === data ? given.examples : (data as ExamplesIn));
  const { examples, count } = given;
  const size = sizeOf(domain.shape);
  return {
    count,
    async read(indices) {
      const out = new Float32Array(indices.length * size);
      indices.forEach((example, i) => {
        out.set(examples.subarray(example * size, (example + 1) * size), i * size);
      });
      return out;
    },
  };
}

function readerOfSource(source: BatchSource, domain: ExampleDomain): ExampleReader {
  const { count } = source;
  if (!Number.isSafeInteger(count) || count < 1)
    throw new DataError(`the data source has ${count} examples: at least one is needed`);
  return {
    count,
    async read(indices) {
      const failed = (why: string, cause?: unknown): DataError =>
        new DataError(
          `the data source failed at ${indices.length} examples, the first of them ${indices[0]}: ${why}`,
          {
            cause,
          },
        );
      let found: Examples;
      try {
        found = readExamples(await source.batch(indices), domain);
      } catch (cause) {
        throw failed(cause instanceof Error ? cause.message : String(cause), cause);
      }
      if (found.count !== indices.length)
        throw failed(`it gave ${found.count} examples of ${showShape(domain.shape, false)}`);
      return Float32Array.from(found.examples); // a copy: the source may keep its own
    },
  };
}

/**
 * Examples with the condition of each.
 *
 * Errors: those of `exampleReader` and `expectCondition`; `DataError` where there is another number of conditions.
 */
export function pairReader(
  what: string,
  data: DataIn | ExampleReader,
  condition: DataIn | undefined,
  flow: Pick<Flow, "domain" | "condition">,
): ExampleReader {
  const examples = exampleReader(data, flow.domain);
  if (examples.conditions) return examples;
  expectCondition(what, flow.condition, condition);
  if (!flow.condition || condition === undefined) return examples;
  const conditions = conditionReader(what, condition, flow.condition);
  if (conditions.count !== examples.count)
    throw new DataError(
      `${what}: ${examples.count} examples and ${conditions.count} conditions, expected one of each`,
    );
  return { ...examples, conditions };
}

/** Conditions by their indices, whose errors say that they are those of a condition. */
function conditionReader(what: string, condition: DataIn, domain: ExampleDomain): ExampleReader {
  const refuse = (error: unknown): never => {
    throw conditionError(what, error);
  };
  let reader: ExampleReader;
  try {
    reader = exampleReader(condition, domain);
  } catch (error) {
    return refuse(error);
  }
  return { count: reader.count, read: (indices) => reader.read(indices).catch(refuse) };
}

/** Some of the examples, as examples of their own. */
export const subset = ({ read, conditions }: ExampleReader, indices: Uint32Array): ExampleReader => ({
  count: indices.length,
  read: (chosen) => read(chosen.map((i) => indices[i] as number)),
  ...(conditions && { conditions: subset(conditions, indices) }),
});

/** Examples of one call to a reader, where all are wanted. */
const AT_ONCE = 4096;

/** The examples with these indices, fetched some at a time. */
export async function readAll({ read }: ExampleReader, indices: Uint32Array): Promise<Float32Array> {
  if (indices.length <= AT_ONCE) return read(indices);
  const parts: Float32Array[] = [];
  for (let at = 0; at < indices.length; at += AT_ONCE)
    parts.push(await read(indices.subarray(at, at + AT_ONCE)));
  return joined(parts);
}
