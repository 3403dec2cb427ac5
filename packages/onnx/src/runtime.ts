import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
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
        "without it, use the wasm or webgpu executor",
      { cause },
    );
  }
}

/** Cores that this process may use: containers often get fewer than the machine has. */
export function availableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(quotaCores())));
}

function quotaCores(): number {
  const read = (path: string) => {
    try {
      return readFileSync(path, "utf8").trim();
    } catch {
      return undefined;
    }
  };
  const [quota, period] = (
    read("/sys/fs/cgroup/cpu.max") ??
    `${read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") ?? "max"} ${read("/sys/fs/cgroup/cpu/cpu.cfs_period_us") ?? "100000"}`
  ).split(" ");
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

/**
 * The session options of the executor: ONNX Runtime's defaults for the arena, memory patterns and
 * graph optimizations, which were the fastest of the settings that were measured.
 */
export function sessionOptions(threads: number, flushDenormals: boolean): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: {
      session: {
        // Threads that spin while they wait gain little on an idle machine and halve the speed of a busy one.
        intra_op: { allow_spinning: "0" },
        ...(flushDenormals && { set_denormal_as_zero: "1" }),
      },
    },
  };
}
