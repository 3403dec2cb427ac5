import type { InferenceSession } from "onnxruntime-node";
import type { Runtime, Tensors } from "../runtime.js";
import type { ProgramParts } from "./program-parts.js";

/** The typed arrays of the types that a program's arrays have. */
export declare const arrays: {
  readonly float32: Float32ArrayConstructor;
  readonly float64: Float64ArrayConstructor;
  readonly int32: Int32ArrayConstructor;
  readonly uint32: Uint32ArrayConstructor;
  readonly bool: Uint8ArrayConstructor;
};

export declare function openProgram(
  runtime: Runtime,
  run: (session: InferenceSession, feeds: Tensors, results: Tensors) => Promise<void>,
  parts: ProgramParts,
  options: InferenceSession.SessionOptions,
): Promise<{ run(feeds: Tensors, results: Tensors): Promise<void>; close(): Promise<void> }>;
