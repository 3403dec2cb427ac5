/** A primitive that ONNX cannot express, or a use of one; `op` is its name, `node` the equation. */
export class UnsupportedOpError extends Error {
  readonly code = "UNSUPPORTED_OP";
  readonly op: string;
  readonly node: string;
  constructor(op: string, node: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UnsupportedOpError";
    this.op = op;
    this.node = node;
  }
}

/** Arguments that do not fit each other: a constant without an argument, names of results that do not exist. */
export class UsageError extends Error {
  readonly code = "USAGE";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UsageError";
  }
}
