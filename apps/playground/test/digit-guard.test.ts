/** The guard of the tab Your network, by the handlers of its worker. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { networkHandlers } from "../src/tabs/network/handlers.js";
import { DIGITS, digitAt, imagesOf } from "../src/ui/digits.js";
import { digitsOf } from "./as-in-node.js";

const context = { emit() {}, transfer() {}, signal: new AbortController().signal };
const [train, test] = [digitsOf("train", 0, DIGITS.train), digitsOf("t10k", 0, DIGITS.test)];
let heldOut: number;

beforeAll(async () => {
  const bytes = new Uint8Array(readFileSync(new URL("../public/classifier.onnx", import.meta.url)));
  await networkHandlers["network.open"]({ file: "classifier.onnx", bytes, beside: {} }, context);
  const images = imagesOf({ train, test });
  await networkHandlers["network.begin"]({ normalization: "unit", backend: "wasm", images }, context);
  heldOut = await networkHandlers["network.guard"]({ train, backend: "wasm" }, context);
}, 120_000);

const judge = (pixels: Uint8Array): Promise<number> => networkHandlers["network.judge"]({ pixels });

it("finds most digits usual", { tags: ["long"] }, async () => {
  expect(heldOut).toBeGreaterThan(80);
  let flagged = 0;
  for (let i = 0; i < 40; i++) flagged += Number((await judge(digitAt(test, i))) <= 0.05);
  expect(flagged).toBeLessThan(8);
});

it("finds noise, a grid and an inverted digit unusual", { tags: ["long"] }, async () => {
  const of = (pixel: (i: number) => number) => Uint8Array.from({ length: DIGITS.pixels }, (_, i) => pixel(i));
  const odd = [
    of((i) => (i * 7919) % 256),
    of((i) => (i % 28 < 14 === i < 392 ? 255 : 0)),
    of((i) => 255 - test[i]!),
  ];
  for (const pixels of odd) expect(await judge(pixels)).toBeLessThan(0.02);
});
