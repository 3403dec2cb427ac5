import { UnsupportedOpError } from "@flowify/core";
import { yieldToEvents } from "@flowify/core/internal";
import type { ClosedJaxpr } from "@jax-js/jax";
import { UnsupportedOpError as NoRule } from "jax-to-onnx";
import { type LoweredGraph, lowering } from "jax-to-onnx/internal";

/** Runs a part of the compiler: what it refuses is an error of flowify. */
export function compiled<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof NoRule)) throw cause;
    throw new UnsupportedOpError(cause.op, cause.node, cause.message, { cause });
  }
}

/** Milliseconds of lowering between two gaps in which signals, timers and messages are let in. */
const TURN = 50;

/**
 * The graph of a traced program, in turns with other events of this thread: of a large network it takes a minute. `onProgress`
 * is called in each gap with the share that is done; what it throws ends the work.
 *
 * @throws UnsupportedOpError for a primitive without a rule; `node` is the equation.
 */
export async function lowerInTurns(
  program: ClosedJaxpr,
  options: Parameters<typeof lowering>[1],
  onProgress?: (share: number) => void,
): Promise<LoweredGraph> {
  const steps = compiled(() => lowering(program, options));
  for (let began = performance.now(); ; ) {
    const { done, value } = compiled(() => steps.next());
    if (done) return value;
    if (performance.now() - began < TURN) continue;
    await yieldToEvents();
    onProgress?.(value);
    began = performance.now();
  }
}
