import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";

/** Writes an array as numpy.save does. */
export function writeNpy(file: string, data: Uint8Array | Float32Array, shape: readonly number[]): void {
  const type = data instanceof Uint8Array ? "|u1" : "<f4";
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const padded = `${header.padEnd(117)}\n`;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0]);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  writeFileSync(file, Buffer.concat([start, Buffer.from(padded), bytes]));
}

/** A .npy file of rows of four numbers. */
export function writeRows(file: string, count: number, seed: number): void {
  const columns = 4;
  const rng = makeRng(seed);
  const values = Float32Array.from({ length: count * columns }, (_, i) => Math.sin(i * 0.37) + rng.uniform());
  writeNpy(file, values, [count, columns]);
}

/** A network for them whose steps take a millisecond or two. */
export function writeNetwork(file: string): void {
  const [linear, leaky] = [{ kind: "linear", out: 4 }, { kind: "leakyRelu" }];
  const layers = [linear, leaky, linear, leaky, linear];
  writeFileSync(file, JSON.stringify({ inShape: [4], layers }));
}

/** Whether two runs have the same checkpoint of a step, bit for bit. */
export function sameCheckpoint(a: string, b: string, step: number): boolean {
  const name = `checkpoints/step-${String(step).padStart(9, "0")}.safetensors`;
  const [first, second] = [join(a, name), join(b, name)];
  return existsSync(first) && existsSync(second) && readFileSync(first).equals(readFileSync(second));
}

/** Bytes of a run's metrics so far. */
export const metricsLength = (run: string): number => {
  const file = join(run, "metrics.jsonl");
  return existsSync(file) ? readFileSync(file).length : 0;
};

/** Checkpoints without their numbers, which must not exist at any time. */
export const halfCheckpoints = (run: string): string[] => {
  const names = readdirSync(join(run, "checkpoints")).filter((name) => !name.startsWith("."));
  return names.filter(
    (name) => name.endsWith(".json") && !names.includes(name.replace(".json", ".safetensors")),
  );
};
