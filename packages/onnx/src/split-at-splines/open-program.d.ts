import type { InferenceSession } from "onnxruntime-node";
import type { Runtime, Tensors } from "../runtime.js";
import type { ProgramParts } from "./program-parts.js";

export declare function openProgram(
  runtime: Runtime,
  run: (session: InferenceSession, feeds: Tensors, results: Tensors) => Promise<void>,
  parts: ProgramParts,
  options: InferenceSession.SessionOptions,
): Promise<{ run(feeds: Tensors, results: Tensors): Promise<void>; close(): Promise<void> }>;
