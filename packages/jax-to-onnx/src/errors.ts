/**
 * A primitive that ONNX cannot express, or a use of one.
 * @param op its name; `node` is the equation
 */
export class UnsupportedOpError extends Error {
  override readonly name = "UnsupportedOpError";
  readonly code = "UNSUPPORTED_OP";
  constructor(
    readonly op: string,
    readonly node: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Arguments that do not fit each other: a constant without an argument, names of results that do not exist. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "USAGE";
}
