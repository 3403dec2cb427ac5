import type { InferenceSession } from "onnxruntime-node";
import type { Tensors } from "./runtime.js";

/** The first result of a program of `toBytesInPlace`: an empty sequence. */
export declare const DONE: string;

/** Runs a program of `toBytesInPlace`: its results lie in the memory of the tensors that are given. */
export declare function runInPlace(
  session: InferenceSession,
  feeds: Tensors,
  results: Tensors,
): Promise<void>;
