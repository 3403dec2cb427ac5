import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { loadDataSet } from "flowify";
import sharp from "sharp";
import { atMost, type Check, type Evaluation, equal, fixed, holds, type Row } from "./check.js";
import { flowify, flowifyJson, LIMIT } from "./node.js";

const DIGITS = 1000;
const PIXELS = 28 * 28;

type Packed = { bytes: number; bpd: number; plain: { images: number } };

/** Bytes of each of these digits as a file of its own, in a lossless format. */
async function filesOf(digits: Uint8Array, format: "png" | "webp"): Promise<number> {
  let bytes = 0;
  for (let i = 0; i < DIGITS; i++) {
    const raw = { width: 28, height: 28, channels: 1 } as const;
    const image = sharp(digits.subarray(i * PIXELS, (i + 1) * PIXELS), { raw }).toColourspace("b-w");
    const file =
      format === "png"
        ? image.png({ compressionLevel: 9, effort: 10 })
        : image.webp({ lossless: true, effort: 6 });
    bytes += (await file.toBuffer()).length;
  }
  return bytes;
}

/** All digits as one file, by other compressors; undefined for one that is not installed. */
function othersOf(digits: Uint8Array): { readonly [name: string]: number | undefined } {
  const how = { input: digits, maxBuffer: 2 ** 26, timeout: LIMIT };
  const xz = spawnSync("xz", ["-9e", "--format=lzma", "--stdout"], how);
  const brotli = brotliCompressSync(digits, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
  return {
    "LZMA, one file": xz.status === 0 ? xz.stdout.length : undefined,
    "Brotli, one file": brotli.length,
  };
}

/** The first 1,000 test digits by a run of `mnist/quick`: back bit for bit, at most 3 % above the bound. */
export const compress: Check = {
  name: "compress",
  needs: [],
  slow: true,
  async run({ scratch, say }) {
    const run = join(scratch, "run");
    const what = ["--recipe", "mnist/quick", "--steps", "500"];
    await flowify(["train", ...what, "--out", run, "--pictures", "none", "--json"]);
    const limit = ["--limit", String(DIGITS)];
    const { bpd } = await flowifyJson<Evaluation>(["evaluate", run, ...limit]);
    say(`trained: ${bpd.toFixed(4)} bits per dimension`);
    const [file, folder] = [join(scratch, "digits.flow"), join(scratch, "digits")];
    const packed = await flowifyJson<Packed>(["compress", "--run", run, ...limit, "--out", file]);
    say(`${packed.bytes} bytes`);
    const unpack = ["decompress", file, "--run", run, "--out", folder];
    const { files } = await flowifyJson<{ files: string[] }>(unpack);
    const set = await loadDataSet({ name: "mnist" }, "test");
    if (!("images" in set)) throw new Error("mnist holds images");
    const digits = set.images.subarray(0, DIGITS * PIXELS);
    let same = 0;
    for (const [i, name] of files.entries()) {
      const found = await sharp(join(folder, name)).extractChannel(0).raw().toBuffer();
      if (found.equals(digits.subarray(i * PIXELS, (i + 1) * PIXELS))) same++;
    }
    const inBits = (bytes: number): string =>
      `${bytes} bytes, ${((8 * bytes) / digits.length).toFixed(3)} bpd`;
    const rows: { [what: string]: Row } = {
      "digits that came back bit for bit": equal(same, DIGITS),
      "bytes of the file": equal(readFileSync(file).length, packed.bytes),
      "size over the bound": atMost(packed.bpd / bpd, 1.03, fixed(4)),
    };
    const others = {
      "PNG, a file each": await filesOf(digits, "png"),
      "WebP lossless, a file each": await filesOf(digits, "webp"),
      ...othersOf(digits),
    };
    rows.flowify = holds(true, inBits(packed.bytes), `bound ${bpd.toFixed(4)}`);
    for (const [name, bytes] of Object.entries(others))
      if (bytes !== undefined) rows[name] = holds(bytes > packed.bytes, inBits(bytes), "");
    return rows;
  },
};
