import { createHash } from "node:crypto";
import { DataError, MismatchError, UsageError } from "@flowify/core";
import type { RunConfig } from "../run-config.js";
import { type Communicator, gatherTexts } from "./communicator.js";
import { type Member, nameOf } from "./watch.js";

/** What all ranks must have alike, in the order in which it is compared, by names for messages. */
export type Facts = Readonly<Record<string, string>>;

/** Facts of the program, and what to do where they differ. */
const HINTS: Readonly<Record<string, string>> = {
  flowify: "install the same version on all machines",
  node: "install the same version on all machines",
  onnxruntime: "install the same version on all machines",
  data: "copy the same files to all machines",
  seed: "start all ranks with the same command",
  settings: "start all ranks with the same command",
};

/** Everything that decides the numbers of a run. Folders may differ from machine to machine. */
export function factsOf(
  config: Omit<RunConfig, "device">,
  versions: Readonly<{ flowify: string; node: string; onnxruntime: string | null }>,
): Facts {
  const { data, training, ...others } = config;
  const { seed, ...settings } = training;
  const { hash, examples, validation, shape } = data;
  const { flowify, node, onnxruntime } = versions;
  return {
    flowify,
    node,
    onnxruntime: onnxruntime ?? "none",
    data: `${examples} examples and ${validation} held out, sha256 ${hash}`,
    seed: String(seed),
    settings: createHash("sha256")
      .update(JSON.stringify([{ ...others, settings, environment: undefined }, shape]))
      .digest("hex"),
  };
}

/** What a rank says before training: its facts, or why it cannot train. */
type Said = Readonly<{ facts?: Facts; error?: string }>;

/** An error that all ranks have: rank 0 says it, the others end silently. */
export class AgreedError extends Error {}

/**
 * Compares the facts of all ranks, or says that this rank failed: then all fail.
 *
 * @throws AgreedError, whose cause is the error, where a rank failed or has other facts
 */
export async function agree(
  comm: Communicator,
  members: readonly Member[],
  own: Readonly<{ facts: Facts } | { error: Error }>,
): Promise<void> {
  const mine: Said = "facts" in own ? own : { error: own.error.message };
  const all = (await gatherTexts(comm, JSON.stringify(mine))).map((text) => JSON.parse(text) as Said);
  const [first = {}] = all;
  if (all.every(({ error }) => error === undefined)) {
    const difference = differenceOf(all as { facts: Facts }[], members);
    if (difference) throw new AgreedError(difference.message, { cause: difference });
    return;
  }
  const alike = all.every(({ error }) => error === first.error);
  throw new AgreedError("a rank failed", {
    cause: alike && "error" in own ? own.error : failureOf(all, members),
  });
}

/** The error of the first rank that failed, as rank 0 says it. */
function failureOf(all: readonly Said[], members: readonly Member[]): Error {
  const at = all.findIndex(({ error }) => error !== undefined);
  return new UsageError(`${nameOf(members[at] as Member)}: ${all[at]?.error}`);
}

/** The first fact in which a rank differs from rank 0. */
function differenceOf(
  all: readonly Readonly<{ facts: Facts }>[],
  members: readonly Member[],
): Error | undefined {
  const [first] = all;
  for (const [what, value] of Object.entries(first?.facts ?? {})) {
    const rank = all.findIndex(({ facts }) => facts[what] !== value);
    if (rank < 0) continue;
    const Kind = what === "data" ? DataError : UsageError;
    return new Kind(
      `${nameOf(members[rank] as Member)} has another ${what} than rank 0: ${all[rank]?.facts[what]}, expected ${value}\n${HINTS[what]}`,
    );
  }
  return undefined;
}

/** A 32-bit hash of the bits of numbers (FNV-1a, by words): two arrays that differ in one number have two hashes. */
function hashOf(numbers: Float32Array): number {
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}

/**
 * Compares the parameters of all ranks.
 *
 * @throws AgreedError that names the first rank that differs from rank 0, and its first parameter
 */
export async function compareParameters(
  comm: Communicator,
  members: readonly Member[],
  parameters: ReadonlyMap<string, Float32Array>,
  step: number,
): Promise<void> {
  const mine = Uint32Array.from(parameters.values(), hashOf);
  const [first, ...others] = (await comm.gather(new Uint8Array(mine.buffer))).map(
    (bytes) => new Uint32Array(bytes.slice().buffer),
  );
  const paths = [...parameters.keys()];
  for (const [i, hashes] of others.entries()) {
    const place = hashes.findIndex((hash, k) => hash !== first?.[k]);
    if (place < 0) continue;
    const cause = new MismatchError(
      `step ${step}: parameter ${paths[place]} of ${nameOf(members[i + 1] as Member)} differs from that of rank 0\nuse machines with the same processor and the same versions; --resume continues from the last checkpoint`,
    );
    throw new AgreedError(cause.message, { cause });
  }
}
