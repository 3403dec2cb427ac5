import { extname } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { openOnnx, readKeras, readKerasFile, withBuiltIn } from "@flowify/onnx";
import { LARGEST_RATIO, RATIO_FROM } from "../data/arrays/archive-limits.js";
import { withZip, type ZipEntry } from "../data/arrays/zip.js";
import { expectShallow } from "../files/check.js";
import { readJson } from "../files/regular-file.js";
import { naming } from "./naming.js";
import { isNetworkFile } from "./network-file.js";
import { expectNoGraphModel, expectNoOtherFormat } from "./other-formats.js";

/** A trained network as ONNX, and the files of its weights. */
type ModelFile = ReturnType<typeof openOnnx>;

/** The entries of a `.keras` archive that are read. */
const ENTRIES = ["config.json", "metadata.json", "model.weights.h5"];

/**
 * The graph of an ONNX file, of an `.h5` or `.keras` file, or of the `model.json` of a layers model, for `readOnnx`.
 *
 * @throws the errors of `readKeras` and `readKerasFile`, DataError for a damaged archive, and for a format
 * that is not read, with the way from it to ONNX; each names the file
 */
export async function openModelFile(file: string): Promise<ModelFile> {
  if (isNetworkFile(file)) {
    const json = readJson(file);
    expectShallow(file, json);
    expectNoGraphModel(file, json);
    const { external } = openOnnx(file);
    return { bytes: await naming(file, () => readKeras(json, external)), external };
  }
  const { bytes, external } = openOnnx(file);
  expectNoOtherFormat(file, bytes);
  const own = extname(file).toLowerCase();
  const starts = (text: string): boolean =>
    Buffer.from(bytes.subarray(0, text.length)).equals(Buffer.from(text, "latin1"));
  if (starts("\x89HDF") || own === ".h5" || own === ".hdf5")
    return { bytes: await naming(file, () => readKerasFile(bytes)), external };
  if (starts("PK\x03\x04") || own === ".keras") {
    const entries = await withZip(file, (found) => entriesOf(file, found));
    return { bytes: await naming(file, () => readKerasFile((name) => entries.get(name))), external };
  }
  return { bytes, external };
}

/**
 * The same file, and the name of the input of the data.
 *
 * @param named that name, behind it `NAME=NUMBER` for each further input that gets a value: `input,sr=16000`
 */
export async function openForInput(
  file: string,
  named?: string,
): Promise<ModelFile & { input: string | undefined }> {
  const { bytes, external } = await openModelFile(file);
  if (!named?.includes("=")) return { bytes, external, input: named };
  const [input, ...others] = named.split(",");
  const values = others.map((each): [string, number] => {
    const [name = "", value = "", ...more] = each.split("=");
    if (name === "" || value.trim() === "" || more.length > 0 || !Number.isFinite(Number(value)))
      throw new UsageError(`--input ${named}: expected NAME=NUMBER, found ${JSON.stringify(each)}`);
    return [name, Number(value)];
  });
  return { bytes: await naming(file, () => withBuiltIn(bytes, new Map(values))), external, input };
}

async function entriesOf(file: string, entries: readonly ZipEntry[]): Promise<Map<string, Uint8Array>> {
  const read = new Map<string, Uint8Array>();
  for (const { name, size, packed, pieces } of entries) {
    if (!ENTRIES.includes(name)) continue;
    if (size > Math.max(RATIO_FROM, LARGEST_RATIO * packed))
      throw new DataError(
        `${file}: ${name} unpacks to ${size} bytes, more than ${LARGEST_RATIO} times its packed size\nsave the model again`,
      );
    const parts: Uint8Array[] = [];
    for await (const piece of pieces()) parts.push(piece);
    read.set(name, Buffer.concat(parts));
  }
  return read;
}
