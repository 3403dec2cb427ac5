import { FlowifyError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { convertOnnx, readOnnx } from "@flowify/onnx";

/** Results for mutated files: the number still read, and the harmful ones. */
export type FuzzResult = { files: number; read: number; harmful: readonly string[]; slowestMs: number };

export type Random = (below: number) => number;

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** Kinds of damage to a file. */
const mutations: readonly ((bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array)[] = [
  (bytes, random) => bytes.with(random(bytes.length), random(256)),
  (bytes, random) => bytes.with(random(bytes.length), EDGES[random(EDGES.length)]!),
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => without(bytes, random(bytes.length), 1 + random(64)),
  (bytes, random) =>
    inserted(
      bytes,
      random(bytes.length),
      Uint8Array.from({ length: 1 + random(16) }, () => random(256)),
    ),
  // the largest varint, ten bytes
  (bytes, random) =>
    inserted(bytes, random(bytes.length), Uint8Array.of(...new Array<number>(9).fill(0xff), 0x01)),
  (bytes, random) => {
    const from = random(bytes.length);
    return inserted(bytes, random(bytes.length), bytes.subarray(from, from + random(256)));
  },
  (bytes, random, other) =>
    joined(bytes.subarray(0, random(bytes.length)), other.subarray(random(other.length))),
];

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const without = (bytes: Uint8Array, from: number, count: number): Uint8Array =>
  joined(bytes.subarray(0, from), bytes.subarray(from + count));

const inserted = (bytes: Uint8Array, at: number, what: Uint8Array): Uint8Array =>
  joined(bytes.subarray(0, at), what, bytes.subarray(at));

/** Half of the mutations hit the beginning of a file, which contains its graph and not only weights. */
const FRONT = 4096;

/** One of the files with one to four mutations. */
export function mutated(files: readonly Uint8Array[], draw: Random): Uint8Array {
  let bytes = files[draw(files.length)]!;
  const near = draw(2) === 0;
  const random: Random = (below) => (below > FRONT && near ? draw(FRONT) : draw(below));
  for (let left = 1 + draw(4); left > 0 && bytes.length > 0; left--)
    bytes = mutations[draw(mutations.length)]!(bytes, random, files[draw(files.length)]!);
  return bytes;
}

/** Whole numbers below a bound, determined by the seed. */
export function drawFrom(seed: number): Random {
  const rng = makeRng(seed);
  return (below) => Math.floor(rng.uniform() * below);
}

/**
 * Reads and converts `count` mutated files, determined by the seed. A file is harmful if it ends with another error
 * than flowify's.
 */
export function convertMutated(files: readonly Uint8Array[], count: number, seed: number): FuzzResult {
  const draw = drawFrom(seed);
  const harmful: string[] = [];
  let [read, slowestMs] = [0, 0];
  for (let i = 0; i < count; i++) {
    const bytes = mutated(files, draw);
    const started = performance.now();
    try {
      convertOnnx(readOnnx(bytes));
      read++;
    } catch (error) {
      if (!(error instanceof FlowifyError))
        harmful.push(`file ${i}: ${(error as Error).stack ?? String(error)}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
  return { files: count, read, harmful, slowestMs };
}
