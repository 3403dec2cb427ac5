import type { InferenceSession } from "onnxruntime-node";
import type { Engine, Tensors } from "./runtime.js";

export declare function openSession(
  runtime: Engine["runtime"],
  run: Engine["run"],
  file: Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<{ run(feeds: Tensors, results: Tensors): Promise<void>; close(): Promise<void> }>;
