import { readFileSync } from "node:fs";
import { createCodec } from "@flowify/compress";
import { FlowModel, flowify, jaxExecutor } from "@flowify/core";
import {
  packImages,
  pixelsHash,
  unpackImages,
  weightsHash,
  withHash,
} from "../src/compressed/compressed-file.js";
import { coderName, decodeImages, plainImages } from "../src/compressed/decode-images.js";

const flow = flowify({
  inShape: [1, 4, 4],
  layers: [
    { kind: "variationalDequantize" },
    { kind: "marginal", bins: 4 },
    { kind: "conv2d", out: 3, kernel: 2, stride: 2 },
    { kind: "rqSpline" },
    { kind: "coupling", stack: 1, hidden: 4 },
    { kind: "flatten" },
    { kind: "linear", out: 4 },
  ],
});
const [IMAGES, PIXELS, HASH_BYTES] = [12, 16, 8];

/** A file of `flowify compress` of a small network, the content before its checksum, and how to read such files. */
export async function compressedSample() {
  const arrays = (await FlowModel.create(flow, jaxExecutor())).arrays();
  const images = Uint8Array.from({ length: IMAGES * PIXELS }, (_, i) => (37 * i + 11 * (i >> 4)) % 256);
  const codec = await createCodec(flow, arrays);
  const plain = plainImages(images, PIXELS, 60);
  const { bits, examples } = await codec.encode(images.subarray(PIXELS * plain.examples), plain.words);
  const names = Array.from({ length: IMAGES }, (_, i) => `${i}.png`);
  const about = { coder: coderName(), pixels: pixelsHash(images), names };
  const file = packImages({ weights: weightsHash(arrays), examples, plain, bits, about });
  return {
    file,
    content: file.subarray(0, -HASH_BYTES),
    withHash,
    read: (path: string) => decodeImages(path, unpackImages(path, readFileSync(path)), codec, PIXELS),
  };
}
