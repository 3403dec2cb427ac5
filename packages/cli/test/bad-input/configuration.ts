import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BadCommand, Place } from "./bad-input.js";

const dequantize = { kind: "dequantize" };
const network = (layers: unknown, more: object = {}) =>
  JSON.stringify({ inShape: [1, 28, 28], layers, ...more });

/** Trains the network of a file. */
const ofNetwork =
  (text: string) =>
  ({ write, images }: Place) => [
    "train",
    "--network",
    write("net.json", text),
    "--data",
    images(),
    "--batch",
    "8",
  ];

/** Goes on with a run whose configuration was changed. */
const ofConfig =
  (change: (text: string) => string) =>
  async ({ run }: Place) => {
    const folder = await run();
    const path = join(folder, "config.json");
    writeFileSync(path, change(readFileSync(path, "utf8")));
    return ["train", "--resume", folder];
  };

const usage = { status: 2, code: "USAGE" } as const;
const data = { status: 2, code: "DATA" } as const;
const shape = { status: 2, code: "SHAPE" } as const;

/** Files that describe a network or a run. */
export const configuration: readonly BadCommand[] = [
  {
    input: "a network that is not there",
    args: () => ["train", "--network", "./absent.json"],
    ...data,
    says: ["./absent.json: no such file", "flowify inspect lists the networks by name"],
  },
  {
    input: "a network that is no JSON",
    args: ofNetwork("{"),
    ...data,
    says: ["net.json: not JSON", "in JSON at position 1"],
  },
  {
    input: "a network that is a list",
    args: ofNetwork("[]"),
    ...usage,
    says: [
      "net.json: not the description of a network",
      'expected { "inShape": [C, H, W], "layers": [{ "kind": … }, …] }',
    ],
  },
  {
    input: "a network without layers",
    args: ofNetwork(network([])),
    ...usage,
    says: ["layers: ", "expected at least one layer"],
  },
  {
    input: "an unknown kind of layer",
    args: ofNetwork(network([dequantize, { kind: "liner", out: 4 }])),
    ...usage,
    says: ['layers[1].kind: unknown kind "liner"', 'did you mean "linear"?'],
  },
  {
    input: "a kind of layer that every object has, `constructor`",
    args: ofNetwork(network([{ kind: "constructor" }])),
    ...usage,
    says: ['unknown kind "constructor"', "with the kinds actnorm"],
  },
  {
    input: "an unknown option of a layer",
    args: ofNetwork(network([dequantize, { kind: "conv2d", out: 4, kernel: 2, strid: 2 }])),
    ...usage,
    says: ['layers[1]: unknown key "strid"', 'did you mean "stride"?'],
  },
  {
    input: "a size that is a text",
    args: ofNetwork(network([dequantize, { kind: "linear", out: "4" }])),
    ...usage,
    says: ["layers[1].out: ", 'expected an integer from 1 to 65536, found "4"'],
  },
  {
    input: "a size below 0",
    args: ofNetwork(network([dequantize, { kind: "linear", out: -4 }])),
    ...usage,
    says: ["layers[1].out: ", "expected an integer from 1 to 65536, found -4"],
  },
  {
    input: "a key `__proto__` beside the layers",
    args: ofNetwork(network([dequantize]).replace("{", '{"__proto__":{"polluted":1},')),
    ...usage,
    says: ['unknown key "__proto__"', 'expected { "inShape": [C, H, W]'],
  },
  {
    input: "a key `__proto__` in a layer",
    args: ofNetwork(
      network([dequantize, { kind: "flatten" }]).replace('"flatten"', '"flatten","__proto__":{"out":4}'),
    ),
    ...usage,
    says: ['unknown key "__proto__"', 'expected { "inShape": [C, H, W]'],
  },
  {
    input: "branches 20,000 deep",
    args: ofNetwork(
      network([]).replace(
        "[]",
        `${'[{"kind":"branches","join":"add","branches":['.repeat(20_000)}${"]}]".repeat(20_000)}`,
      ),
    ),
    ...data,
    says: ["net.json: nested more than 300 deep", "put layers one after another"],
  },
  {
    input: "a kernel larger than the image",
    args: ofNetwork(network([dequantize, { kind: "conv2d", out: 4, kernel: 30, padding: 0 }])),
    ...shape,
    says: ["conv2d[1]: ", "larger than the padded image"],
  },
  {
    input: "a million million couplings",
    args: ofNetwork(network([dequantize, { kind: "coupling", stack: 1e12 }])),
    ...usage,
    says: ["layers[1].stack: ", "expected an integer from 1 to 1000, found 1000000000000"],
  },
  {
    input: "a million million rows of padding",
    args: ofNetwork(network([dequantize, { kind: "conv2d", out: 1, kernel: 1, padding: { top: 1e12 } }])),
    ...usage,
    says: ["layers[1].padding.top: ", "expected an integer from 0 to 65536, found 1000000000000"],
  },
  {
    input: "padding to 4,298,638,096 pixels",
    args: ofNetwork(network([{ kind: "pad", top: 65_536, left: 65_536 }, { kind: "squeeze" }])),
    ...shape,
    says: [
      "squeeze[1]: x [B, 1, 65564, 65564] has 4298638096 numbers an example",
      "expected at most 67108864",
    ],
  },
  {
    input: "a layer of a thousand million outputs",
    args: ofNetwork(network([dequantize, { kind: "flatten" }, { kind: "linear", out: 1e9 }])),
    ...usage,
    says: ["layers[2].out: ", "expected an integer from 1 to 65536, found 1000000000"],
  },
  {
    input: "a layer for which there is too little memory",
    args: (place) => [
      ...ofNetwork(network([dequantize, { kind: "flatten" }, { kind: "linear", out: 65_536 }]))(place),
      "--out",
      place.write("a", "").replace(/a$/, "run"),
    ],
    status: 2,
    code: "MEMORY",
    says: ["GiB of memory", "linear[2] has"],
  },
  {
    input: "a network for images of another size",
    args: ({ write, images }) => [
      "train",
      "--network",
      write("net.json", JSON.stringify({ inShape: [1, 10, 10], layers: [dequantize] })),
      "--data",
      images(),
      "--batch",
      "8",
    ],
    ...shape,
    says: [
      "net takes images [1, 10, 10], the data set",
      "build a network for them with flowify train --network auto",
    ],
  },
  {
    input: "a run whose config.json is cut short",
    args: ofConfig((text) => text.slice(0, 20)),
    ...data,
    says: ["config.json: not JSON", "restore the file that flowify wrote, or train again"],
  },
  {
    input: "a run of a later version",
    args: ofConfig((text) => text.replace('"version": 3', '"version": 7')),
    ...data,
    says: ["version", "expected 3"],
  },
  {
    input: "a run of −3 steps",
    args: ofConfig((text) => text.replace(/"steps": \d+/, '"steps": -3')),
    ...data,
    says: ["steps", "expected >=1, found -3"],
  },
  {
    input: "a run whose network has another name than its checkpoints say",
    args: ofConfig((text) => text.replace(/"network": "small"/, '"network": "../../etc/passwd"')),
    status: 1,
    code: "CHECKPOINT",
    says: [
      "a checkpoint of network small, expected ../../etc/passwd",
      "choose the network of the checkpoint",
    ],
  },
  {
    input: "a run with a key `__proto__`",
    args: ofConfig((text) => text.replace("{", '{"__proto__":{"steps":1},')),
    ...data,
    says: ["__proto__", "restore the file that flowify wrote, or train again"],
  },
  {
    input: "a run whose training images have changed",
    args: ofConfig((text) => text.replace(/"hash": "[0-9a-f]{4}/, '"hash": "0000')),
    ...data,
    says: [
      "the training images differ from those of the run in",
      "restore the old files (--data-dir), or start a new run",
    ],
  },
  {
    input: "`--epochs` for a run that goes on",
    args: async ({ run }) => ["train", "--resume", await run(), "--epochs", "9"],
    ...usage,
    says: ["--epochs cannot be changed with --resume", "leave it out"],
  },
  {
    input: "`--resume` of a folder without a run",
    args: ({ images }) => ["train", "--resume", images()],
    ...usage,
    says: ["holds no run (no config.json)", "train one with"],
  },
  {
    input: "`--out` that holds another run",
    args: async ({ run, images }) => ["train", "--data", images(), "--out", await run()],
    ...usage,
    says: ["holds another run", "replace it with --force"],
  },
  {
    input: "`--out` that holds other files",
    args: ({ images }) => {
      const folder = images();
      return ["train", "--data", folder, "--out", folder];
    },
    ...usage,
    says: ["and holds no run", "choose another --out"],
  },
  {
    input: "`--out` that is a file",
    args: ({ write }) => ["train", "--out", write("file", "x")],
    ...usage,
    says: ["a file, expected a folder for the run", "expected a folder for the run"],
  },
];
