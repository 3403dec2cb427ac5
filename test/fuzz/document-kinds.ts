import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, decodeSafetensors, encodeSafetensors, HostArray } from "@flowify/core";
import { convertOnnx, openOnnx, readKeras, readOnnx } from "@flowify/onnx";
import { loadKeras } from "flowify";
import { encodeCheckpoint } from "flowify/format";
import { readCheckpoint } from "../../packages/cli/src/runs/saved-checkpoints.js";
import { zipBytes } from "../../packages/cli/test/data/zip-files.js";
import { parsers } from "../../packages/cli/test/parsers.js";
import { exampleConfig } from "../../packages/cli/test/run/example-config.js";
import { h5Of, kerasOf } from "../../packages/onnx/test/keras/stored.js";
import { kerasModel, kerasSaved, kerasShard } from "./keras-model.js";
import type { Kind } from "./kinds.js";
import { mutated, type Random } from "./mutated.js";
import { mutatedText } from "./mutated-text.js";
import { residual } from "./onnx-model.js";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const json = (value: unknown): string => JSON.stringify(value, null, 2);

/** A document of JSON that is damaged as a text, or as bytes. */
const documents = (texts: readonly string[], draw: Random): Uint8Array =>
  draw(4) === 0 ? mutated(texts.map(bytesOf), draw) : bytesOf(mutatedText(texts, draw));

/** A document of JSON. Errors: `DataError`. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new DataError("not JSON", { cause });
  }
}

const networks = [
  {
    inShape: [1, 8, 8],
    layers: [
      { kind: "dequantize", levels: 256 },
      { kind: "conv2d", out: 3, kernel: [3, 3], stride: 2, padding: { top: 1, left: 1 } },
      { kind: "rqSpline", bins: 6, bound: 4 },
      { kind: "flatten" },
      { kind: "linear", out: 6 },
    ],
  },
  {
    inShape: [4, 6, 6],
    layers: [
      { kind: "permuteChannels", order: [3, 2, 1, 0] },
      { kind: "squeeze" },
      { kind: "coupling", stack: 1, hidden: 8 },
      { kind: "split", leaving: 8 },
      { kind: "maxPool2d", kernel: 3 },
      { kind: "reshape", shape: [8] },
      { kind: "affine", scale: [1, 2, 3, 4, 5, 6, 7, 8] },
    ],
  },
  {
    inShape: [6],
    layers: [
      {
        kind: "branches",
        join: "add",
        branches: [
          [
            {
              kind: "linear",
              out: 6,
              weights: { weight: Array.from({ length: 36 }, (_, i) => Math.sin(i)) },
            },
            { kind: "prelu", slope: 0.2 },
          ],
          [],
        ],
      },
      { kind: "clip", min: -1, max: 1 },
    ],
  },
];

const { data, ...rest } = exampleConfig;
const config = json({
  ...rest,
  network: "small",
  description: { name: "small", ...networks[0] },
  data: { ...data, shape: [1, 8, 8] },
});
const metrics = [
  { step: 1, epoch: 1, loss: 300, bpd: 6.5, gradNorm: 3, lr: 1e-3, seconds: 0.5, imagesPerSecond: 900 },
  { step: 1, failed: 2, layer: "linear[4]", until: 102 },
  {
    step: 2,
    split: "test",
    bpd: 5.5,
    stdErr: 0.1,
    ledger: { "dequantize[0]": 8, "linear[4]": -2.5 },
    seconds: 1,
  },
  { step: 3, split: "validation", bpd: 5, stdErr: 0.1, ledger: { "dequantize[0]": 8, "linear[4]": -3 } },
].map((line) => JSON.stringify(line));

const float32 = "float32" as HostArray["dtype"];
const arrays = {
  "params.0.weight": new HostArray(Float32Array.of(1, 2, 3, 4), [2, 2], float32),
  drift: new HostArray(new Float32Array(1), [], float32),
};
const state = { arrays, step: 3, seed: 7, rollbacks: [{ failed: 5, layer: "linear[4]", to: 3, until: 105 }] };

type Entry = Readonly<{ name: string; content: Uint8Array; stored: boolean }>;

const damagedEntry = ({ content, ...entry }: Entry, draw: Random): Entry => ({
  ...entry,
  content: entry.name.endsWith(".json")
    ? documents([new TextDecoder().decode(content)], draw)
    : mutated([content], draw),
});

/** Networks, runs, checkpoints: everything that is read beside images. */
export async function documentKinds(): Promise<Kind[]> {
  const checkpoint = await encodeCheckpoint({ network: "small", state, metrics: [{ step: 3, loss: 1 }] });
  const { name: sidecar, bytes: facts } = checkpoint.sidecar;
  const h5 = await h5Of(kerasSaved);
  const entries = [...(await kerasOf(kerasSaved))].map(([name, content]) => ({
    name,
    content,
    stored: true,
  }));
  const archived = (draw: Random): Uint8Array => {
    const at = draw(entries.length);
    return zipBytes(entries.with(at, damagedEntry(entries[at]!, draw)));
  };
  const safetensors = encodeSafetensors(arrays, { note: "text" });
  return [
    {
      name: "net.json",
      make: (draw) => ({ "net.json": documents(networks.map(json), draw) }),
      read: (place) => parsers.network(join(place, "net.json")),
    },
    {
      name: "config.json",
      make: (draw) => ({ "config.json": documents([config], draw) }),
      read: (place) => parsers.config(place),
    },
    {
      name: "metrics.jsonl",
      make: (draw) => ({
        "config.json": bytesOf(config),
        "metrics.jsonl": documents([metrics.join("\n")], draw),
      }),
      read: (place) => parsers.report(place),
    },
    {
      name: sidecar,
      make: (draw) => ({
        [checkpoint.data.name]: checkpoint.data.bytes,
        [sidecar]: documents([new TextDecoder().decode(facts)], draw),
      }),
      read: (place) => readCheckpoint(join(place, sidecar)),
    },
    {
      // its sidecar says what it holds, so that what is damaged comes to be read
      name: checkpoint.data.name,
      make: (draw) => {
        const bytes = mutated([checkpoint.data.bytes], draw);
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        const told = {
          ...(JSON.parse(new TextDecoder().decode(facts)) as object),
          bytes: bytes.length,
          sha256,
        };
        return { [checkpoint.data.name]: bytes, [sidecar]: bytesOf(json(told)) };
      },
      read: (place) => readCheckpoint(join(place, sidecar)),
    },
    {
      name: "weights.safetensors",
      make: (draw) => ({ "weights.safetensors": mutated([safetensors], draw) }),
      read: (place) => decodeSafetensors(readFileSync(join(place, "weights.safetensors"))),
    },
    {
      name: "net.onnx",
      make: (draw) => ({ "net.onnx": mutated([residual], draw) }),
      read: (place) => convertOnnx(readOnnx(readFileSync(join(place, "net.onnx")))),
    },
    {
      name: "model.json",
      make: (draw) => ({
        "model.json": bytesOf(mutatedText([json(kerasModel)], draw)),
        "shard.bin": draw(4) === 0 ? mutated([kerasShard], draw) : kerasShard,
      }),
      read: (place) => {
        const { bytes, external } = openOnnx(join(place, "model.json"));
        return convertOnnx(readOnnx(readKeras(jsonOf(bytes), external)));
      },
    },
    {
      name: "model.h5",
      make: (draw) => ({ "model.h5": mutated([h5], draw) }),
      read: (place) => loadKeras(join(place, "model.h5")),
    },
    {
      name: "model.keras",
      make: (draw) => ({ "model.keras": archived(draw) }),
      read: (place) => loadKeras(join(place, "model.keras")),
    },
  ];
}
