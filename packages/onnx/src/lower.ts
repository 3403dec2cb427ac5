import { UnsupportedOpError } from "@flowify/core";
import { UnsupportedOpError as NoRule } from "jax-to-onnx";
import { lower as compile } from "jax-to-onnx/internal";

/** Runs a part of the compiler: what it refuses is an error of flowify. */
export function compiled<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof NoRule)) throw cause;
    throw new UnsupportedOpError(cause.op, cause.node, cause.message, { cause });
  }
}

/**
 * The graph of a traced program.
 *
 * @throws UnsupportedOpError for a primitive without a rule; `node` is the equation.
 */
export const lower: typeof compile = (program, options) => compiled(() => compile(program, options));
