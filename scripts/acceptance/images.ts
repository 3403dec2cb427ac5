import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodePng } from "flowify";
import { atMost, type Check, equal, type Row } from "./check.js";
import { runNode } from "./node.js";

const flowify = "packages/cli/bin/flowify.js";
const FREY = "data/images/freyfaces_u8.npy";
const OLIVETTI = "data/images/olivetti_u8_400x64x64.npy";
const PICTURES = ["samples", "samples-mean", "reconstructions", "ledger", "curve"];
const PNGS = 400;
/** Height and width of a Frey face, whose file holds rows. */
const [HEIGHT, WIDTH] = [28, 20] as const;
/** Bits per dimension of a uniform model of bytes. */
const UNIFORM = 8;

type Trained = { bpd: number; hash: string; drawnFrom: number; train: { examples: number; hash: string } };

/** Non-overlapping 4 × 4 convolutions, then 16 numbers. */
const network = (height: number, width: number, channels: readonly number[]) => ({
  inShape: [1, height, width],
  layers: [
    { kind: "dequantize" },
    ...channels.flatMap((out) => [{ kind: "conv2d", out, kernel: 4, stride: 4 }, { kind: "rqSpline" }]),
    { kind: "flatten" },
    { kind: "linear", out: 64 },
    { kind: "rqSpline" },
    { kind: "linear", out: 16 },
  ],
});

/** The first Frey faces as PNG files, in two folders, and a tar.gz of these, made by `tar`. */
async function writePngs(npy: string, folder: string): Promise<string> {
  const pixels = new Uint8Array(readFileSync(npy)).subarray(-1965 * HEIGHT * WIDTH);
  for (let i = 0; i < PNGS; i++) {
    const below = join(folder, i % 2 === 0 ? "even" : "odd");
    mkdirSync(below, { recursive: true });
    const face = pixels.subarray(i * HEIGHT * WIDTH, (i + 1) * HEIGHT * WIDTH);
    const grey = Uint8Array.from({ length: 3 * face.length }, (_, at) => face[Math.floor(at / 3)]!);
    const canvas = { width: WIDTH, height: HEIGHT, pixels: grey };
    writeFileSync(join(below, `${i}.png`), await encodePng(canvas));
  }
  const archive = `${folder}.tar.gz`;
  execFileSync("tar", ["-czf", archive, "-C", join(folder, ".."), "faces"]);
  return archive;
}

/** Two epochs on faces as rows, as an array, as a folder of PNG files and as a tar.gz of the same, each with pictures. */
export const images: Check = {
  name: "images",
  needs: [FREY, OLIVETTI],
  async run({ dir, scratch, say }) {
    const nets = { frey: join(scratch, "frey.json"), olivetti: join(scratch, "olivetti.json") };
    writeFileSync(nets.frey, JSON.stringify(network(HEIGHT, WIDTH, [8])));
    writeFileSync(nets.olivetti, JSON.stringify(network(64, 64, [8, 16])));
    const folder = join(scratch, "faces");
    const archive = await writePngs(join(dir, FREY), folder);
    const sources: readonly (readonly [name: string, images: number, flags: readonly string[]])[] = [
      ["frey", 1965, ["--data", join(dir, FREY), "--size", "28x20", "--network", nets.frey]],
      ["olivetti", 400, ["--data", join(dir, OLIVETTI), "--network", nets.olivetti]],
      ["folder", PNGS, ["--data", folder, "--network", nets.frey]],
      ["tar.gz", PNGS, ["--data", archive, "--network", nets.frey]],
    ];
    const rows: { [what: string]: Row } = {};
    const ended: Trained[] = [];
    for (const [name, count, flags] of sources) {
      const out = join(scratch, `run-${name}`);
      const how = ["--epochs", "2", "--batch", "32", "--seed", "7", "--out", out, "--json"];
      const result = JSON.parse(await runNode(flowify, ["train", ...flags, ...how])) as Trained;
      const drawn = PICTURES.filter((picture) => existsSync(join(out, `${picture}.png`)));
      say(`${name}: ${result.train.examples} train images, pictures in ${out}`);
      rows[`${name}, images`] = equal(result.drawnFrom, count);
      rows[`${name}, bits per dimension`] = atMost(result.bpd, UNIFORM, (value) => value.toFixed(3));
      rows[`${name}, pictures`] = equal(drawn.length, PICTURES.length);
      ended.push(result);
    }
    const files = PICTURES.slice(0, 4).map((picture) => `${picture}.png`);
    const bytes = (name: string): string =>
      files.map((file) => readFileSync(join(scratch, `run-${name}`, file), "base64")).join();
    const [, , fromFolder, fromArchive] = ended as [Trained, Trained, Trained, Trained];
    rows["folder and tar.gz: images"] = equal(fromArchive.train.hash, fromFolder.train.hash);
    rows["folder and tar.gz: bits per dimension"] = equal(fromArchive.bpd, fromFolder.bpd);
    rows["folder and tar.gz: pictures"] = equal(Number(bytes("tar.gz") === bytes("folder")), 1);
    return rows;
  },
};
