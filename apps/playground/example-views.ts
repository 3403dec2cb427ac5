/**
 * Writes `public/view-*.json`, the finished examples that the tabs open with: what
 * the workers of the page answer, by its default settings. To run where these or an answer change, for some tabs or all:
 *
 *     npm run playground:views [-- plane]
 */
import { readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { packed } from "./digits.js";
import { imagesConfig, PAIRS, SAMPLES } from "./src/tabs/images/config.js";
import { imagesHandlers } from "./src/tabs/images/handlers.js";
import { networkConfig } from "./src/tabs/network/calls.js";
import { EXAMPLE } from "./src/tabs/network/files.js";
import { networkHandlers } from "./src/tabs/network/handlers.js";
import { planeConfig } from "./src/tabs/plane/config.js";
import { planeHandlers } from "./src/tabs/plane/handlers.js";
import { posteriorConfig, storedFile, taskViews } from "./src/tabs/posterior/config.js";
import { posteriorHandlers } from "./src/tabs/posterior/handlers.js";
import { EXAMPLE as TABLE, tableConfig } from "./src/tabs/table/config.js";
import { tableHandlers } from "./src/tabs/table/handlers.js";
import { DIGITS, digitAt, digitsOf } from "./src/ui/digits.js";
import { viewFile } from "./src/ui/stored-view.js";
import type { TrainingEvent } from "./src/worker/training.js";

const inPublic = (name: string): URL => new URL(`public/${name}`, import.meta.url);
const context = { emit() {}, transfer() {}, signal: new AbortController().signal };

/** Digits that are kept of numbers in JSON. */
const rounded = (value: number): number => Number(value.toPrecision(6));

const asJson = (_: string, value: unknown): unknown => {
  if (ArrayBuffer.isView(value)) {
    const base64 = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
    return { array: value.constructor.name, base64 };
  }
  if (value instanceof Map || value instanceof Set || typeof value === "bigint")
    throw new Error("expected values that JSON has");
  return value;
};

/** The curve of a run from its events. */
function curveOf() {
  const batches: number[] = [];
  const heldOut: [number, number][] = [];
  return {
    curve: { batches, heldOut },
    emit: (event: TrainingEvent<unknown>): void => {
      if (event.kind === "logProb") batches.push(...Array.from(event.values, rounded));
      if (event.kind === "heldOut") heldOut.push([event.step, rounded(event.logProb)]);
    },
  };
}

// what the page loads from beside it
Object.assign(globalThis, {
  document: { baseURI: "http://page" },
  fetch: () => Promise.resolve(new Response(packed())),
});

const views: Readonly<Record<string, () => Promise<object>>> = {
  table: async () => {
    const { device, falseAlarms } = v.parse(tableConfig, {});
    const file = new File([readFileSync(inPublic(TABLE.file))], TABLE.file);
    const stored = new Uint8Array(readFileSync(inPublic(TABLE.detector)));
    const { id } = TABLE;
    const { table, facts } = await tableHandlers["table.restore"]({ file, id, stored, device });
    const ranked = await tableHandlers["table.rows"]({}, context);
    const chosen = ranked.rows[0]?.row ?? 1;
    const story = await tableHandlers["table.reasons"]({ row: chosen, falseAlarms });
    const judged = { name: file.name, notes: [] };
    return { opened: table, idColumn: id, facts, judged, ranked, chosen, story };
  },

  plane: async () => {
    const config = v.parse(planeConfig, {});
    const description = await planeHandlers["plane.describe"]({ config });
    const opened = await planeHandlers["plane.open"]({ config, keep: false }, context);
    const { curve, emit } = curveOf();
    await planeHandlers["plane.train"]({}, { ...context, emit });
    return { description, opened, view: await planeHandlers["plane.view"]({}, context), curve };
  },

  images: async () => {
    const config = v.parse(imagesConfig, {});
    const images = await digitsOf(config.side);
    const args = { config, images, keep: false, fromRun: false };
    const opened = await imagesHandlers["images.open"](args);
    const { curve, emit } = curveOf();
    await imagesHandlers["images.train"]({}, { ...context, emit });
    const view = await imagesHandlers["images.view"]({}, context);
    const imageOf = (of: Uint8Array, i: number): Uint8Array =>
      of.slice(i * config.side ** 2, (i + 1) * config.side ** 2);
    const ledgers: Record<string, Float32Array> = {};
    for (const [name, of, count] of [
      ["sample", view.samples, SAMPLES],
      ["image", view.originals, PAIRS],
      ["reconstruction", view.reconstructions, PAIRS],
    ] as const)
      for (let i = 0; i < count; i++)
        ledgers[`${name} ${i + 1}`] = await imagesHandlers["images.score"]({ image: imageOf(of, i) });
    const source = `digits of MNIST, ${config.side} × ${config.side} pixels.`;
    return { opened, source, view, curve, ledgers };
  },

  posterior: async () => {
    const config = v.parse(posteriorConfig, {});
    const stored = new Uint8Array(readFileSync(inPublic(storedFile("two_moons"))));
    const facts = await posteriorHandlers["posterior.open"]({ config, stored }, context);
    const { observed } = taskViews[config.task];
    const answer = await posteriorHandlers["posterior.ask"]({ observed }, context);
    // no device has worked on the page yet
    return {
      facts: { ...facts, device: "" },
      answer,
      ranks: await posteriorHandlers["posterior.check"](),
    };
  },

  network: async () => {
    const { normalization, device: backend, digit: at } = v.parse(networkConfig, {});
    const files = { file: EXAMPLE, bytes: new Uint8Array(readFileSync(inPublic(EXAMPLE))), beside: {} };
    const opened = await networkHandlers["network.open"](files, context);
    const images = await digitsOf(DIGITS.shape[1]);
    const bitsPerDimension = await networkHandlers["network.begin"](
      { normalization, backend, images },
      context,
    );
    const digit = digitAt(images.heldOut, at);
    const reading = await networkHandlers["network.read"]({ pixels: digit });
    return { opened, digit, bitsPerDimension, reading };
  },
};

const wanted = process.argv.slice(2);
for (const [part, view] of Object.entries(views)) {
  if (wanted.length > 0 && !wanted.includes(part)) continue;
  const text = JSON.stringify(await view(), asJson);
  writeFileSync(inPublic(viewFile(part)), text);
  console.log(`${viewFile(part)}: ${text.length} bytes`);
}
