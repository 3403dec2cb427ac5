import { extname } from "node:path";
import { DataError } from "@flowify/core";
import { valueAt } from "../places.js";

/** A format that is not read: how its files begin, what it is, and how to write ONNX from it. */
type OtherFormat = Readonly<{
  is(bytes: Uint8Array, ending: string): boolean;
  what: string;
  instead: string;
}>;

const TORCH = 'write it by PyTorch: torch.onnx.export(model, example, "model.onnx")';
const textAt = (bytes: Uint8Array, from: number, length: number): string =>
  Buffer.from(bytes.subarray(from, from + length)).toString("latin1");
const tf2onnx = (flag: string, file: string): string =>
  `write ONNX by tf2onnx (pip install tf2onnx): python -m tf2onnx.convert --${flag} ${file} --output model.onnx`;

const formats: readonly OtherFormat[] = [
  {
    is: (bytes) => textAt(bytes, 4, 4) === "TFL3",
    what: "a model of TensorFlow Lite",
    instead: tf2onnx("tflite", "model.tflite"),
  },
  {
    is: (bytes) => textAt(bytes, 4, 4) === "ORTM",
    what: "a model in ONNX Runtime's own format",
    instead: "take the .onnx file that it was made from",
  },
  {
    is: (_bytes, ending) => ending === ".pb",
    what: "a graph of TensorFlow",
    instead: tf2onnx("saved-model", "FOLDER"),
  },
  // pickles begin with the opcode PROTO and a version from 2 to 5
  {
    is: (bytes, ending) =>
      [".pt", ".pth", ".ckpt"].includes(ending) ||
      (bytes.length > 1 && bytes[0] === 0x80 && valueAt(bytes, 1) <= 5),
    what: "a file of PyTorch, or another pickle",
    instead: TORCH,
  },
  {
    is: (_bytes, ending) => [".safetensors", ".gguf"].includes(ending),
    what: "weights alone, without the network",
    instead: TORCH,
  },
];

/** @throws DataError for a file of a known format that is not read, with the way from it to ONNX */
export function expectNoOtherFormat(file: string, bytes: Uint8Array): void {
  const format = formats.find(({ is }) => is(bytes, extname(file).toLowerCase()));
  if (format) throw new DataError(`${file}: ${format.what}\n${format.instead}`);
}

/** @throws DataError for a graph model of TensorFlow.js, with the way from it to ONNX */
export function expectNoGraphModel(file: string, json: unknown): void {
  const { format, modelTopology: topology } = (json ?? {}) as { format?: unknown; modelTopology?: object };
  if (format === "graph-model" || (topology && "node" in topology))
    throw new DataError(
      `${file}: a graph model of TensorFlow.js; layers models are read\n${tf2onnx("tfjs", "model.json")}`,
    );
}
