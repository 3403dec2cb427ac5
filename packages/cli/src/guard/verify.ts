import { MismatchError } from "@flowify/core";
import type { Computed } from "@flowify/onnx";
import { entryOf, valueAt } from "../places.js";
import type { Examples } from "./examples.js";
import { featureRows } from "./features.js";
import type { Judged } from "./graph.js";
import { activationsOf, classesOf, openNetwork, openTapped, type Subject } from "./network.js";
import { smoothP } from "./smooth-p.js";

/** Examples that a guarded file is compared on. */
const COMPARED = 64;

/** Largest difference of p. */
const CLOSE = 1e-4;

type Outputs = Readonly<Record<string, Computed>>;

/** The first output whose bits differ; undefined where all are the same. */
export const differing = (wanted: Outputs, found: Outputs): string | undefined =>
  Object.keys(wanted).find((name) => !sameBits(entryOf(wanted, name).data, found[name]?.data));

function sameBits(a: ArrayLike<unknown>, b: ArrayLike<unknown> | undefined): boolean {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b))
    return b !== undefined && a.length === b.length && Array.from(a).every((each, i) => each === b[i]);
  const bytes = (each: ArrayBufferView): Buffer => Buffer.from(each.buffer, each.byteOffset, each.byteLength);
  return bytes(a).equals(bytes(b));
}

/**
 * Compares a guarded file with the given one, and its p with that of the detector.
 *
 * @throws MismatchError where they differ
 */
export async function verify(
  subject: Subject,
  guarded: Uint8Array,
  judged: Judged,
  examples: Examples,
): Promise<void> {
  const places = Array.from({ length: Math.min(COMPARED, examples.count) }, (_, i) => i);
  const input = await examples.toInput(examples.plain(places));
  const run = async (bytes: Uint8Array): Promise<Outputs> => {
    const network = await openNetwork(subject, bytes);
    try {
      return await network.all(input);
    } finally {
      await network.dispose();
    }
  };
  const [wanted, found] = [await run(subject.given.showing([])), await run(guarded)];
  const changed = differing(wanted, found);
  if (changed !== undefined)
    throw new MismatchError(
      `the output ${JSON.stringify(changed)} differs from that of the given file, expected the same bits\nname other values with --at`,
    );
  const network = await openTapped(subject, judged.taps);
  const seen = await activationsOf(network, examples, places);
  await network.dispose();
  const rows = featureRows(judged.features, seen.taps);
  const { combination: scores } = await judged.open.score(rows, ["combination"]);
  const { held } = judged;
  const classes = held.length > 1 && seen.output ? classesOf(seen.output, held.length) : undefined;
  const p = found.p_value?.data as Float32Array;
  scores.forEach((score, i) => {
    const expected = smoothP(valueAt(held, classes?.[i] ?? 0), score);
    if (!(Math.abs(expected - valueAt(p, i)) <= CLOSE))
      throw new MismatchError(
        `ONNX Runtime and flowify compute different p-values of example ${i + 1}: ${p[i]} and ${expected}\nchoose other values with --at`,
      );
  });
}
