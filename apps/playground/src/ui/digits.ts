import type { RunImages } from "../run/session.js";
import { besidePage } from "./files.js";
import { halve } from "./pixels.js";

/** Number of MNIST digits in the page: the first ones in order, so that the command can use the same. */
export const DIGITS = { train: 1024, test: 128, pixels: 784, shape: [1, 28, 28] } as const;

/** The file with the digits, next to the page. */
export const FILE = "digits.bin";

/** Handwritten digits, bytes 0 to 255, one after another: for training and for measuring. */
export type Digits = Readonly<{ train: Uint8Array; test: Uint8Array; labels: Uint8Array }>;

let loading: Promise<Digits> | undefined;

/** The digits of the page. Source: MNIST, LeCun et al. 1998. */
export function loadDigits(): Promise<Digits> {
  loading ??= read().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function read(): Promise<Digits> {
  const packed = await besidePage(FILE);
  const unpacked = new Response(packed.stream().pipeThrough(new DecompressionStream("gzip")));
  const bytes = new Uint8Array(await unpacked.arrayBuffer());
  const [first, second] = [DIGITS.train * DIGITS.pixels, (DIGITS.train + DIGITS.test) * DIGITS.pixels];
  return {
    train: bytes.subarray(0, first),
    test: bytes.subarray(first, second),
    labels: bytes.subarray(second),
  };
}

/** The digits as images of a run. */
export const imagesOf = ({ train, test }: Omit<Digits, "labels">): RunImages => ({
  name: "mnist",
  shape: [...DIGITS.shape],
  train,
  heldOut: test,
});

/** The digits of the page as images of a run, 28 × 28 or halved. */
export async function digitsOf(side: number): Promise<RunImages> {
  const { train, test } = await loadDigits();
  if (side === DIGITS.shape[1]) return imagesOf({ train, test });
  const halved = (bytes: Uint8Array): Uint8Array => halve(bytes, DIGITS.shape[1]);
  return { name: "halved-digits", shape: [1, side, side], train: halved(train), heldOut: halved(test) };
}

/** Digit i. */
export const digitAt = (digits: Uint8Array, i: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(digits.subarray(i * DIGITS.pixels, (i + 1) * DIGITS.pixels));
