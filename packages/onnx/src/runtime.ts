import { DeviceError } from "@flowify/core";
import type { InferenceSession } from "onnxruntime-node";

export type Runtime = typeof import("onnxruntime-node");

/** ONNX Runtime, which is an optional dependency with a native library. */
export async function loadRuntime(): Promise<Runtime> {
  try {
    const module: Runtime & { default?: Runtime } = await import("onnxruntime-node");
    return module.default ?? module;
  } catch (cause) {
    throw new DeviceError(
      "the native executor needs the package onnxruntime-node and its library for this platform; " +
        "npm install onnxruntime-node brings it; without it, compute in Wasm",
      { cause },
    );
  }
}

/**
 * The session options of the executor. Measured on a busy two-core machine: without the arena a
 * training step was slower; memory patterns and the level of graph optimization made no difference
 * beyond the noise and keep ONNX Runtime's defaults.
 */
export function sessionOptions(
  threads: number,
  flushDenormals: boolean,
  profile?: string,
): InferenceSession.SessionOptions {
  return {
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
    intraOpNumThreads: threads,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: {
      session: {
        // Threads that spin while they wait took up to twice the time on a busy machine. An idle one was
        // not compared.
        intra_op: { allow_spinning: "0" },
        ...(flushDenormals && { set_denormal_as_zero: "1" }),
      },
    },
  };
}
