/**
 * The errors that flowify throws on purpose. Every one has a stable `code`, and its message names
 * the culprit and both sides of what does not fit.
 */
export type FlowifyErrorCode =
  | "SHAPE"
  | "DOMAIN"
  | "UNSUPPORTED_OP"
  | "CHECKPOINT"
  | "DATA"
  | "USAGE"
  | "NOT_FINITE"
  | "DEVICE"
  | "MEMORY"
  | "DOWNLOAD"
  | "MISMATCH"
  | "LAW";

/** The common parent: `error.code` says which kind it is without an `instanceof`. */
export class FlowifyError extends Error {
  readonly code: FlowifyErrorCode;
  constructor(code: FlowifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Shapes that do not fit: `linear[2]: expected x [B, 64], got [32, 63]`. */
export class ShapeError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("SHAPE", message, options);
  }
}

/** A number outside the range in which a formula holds (a zero scale, NaN in the input, levels < 2). */
export class DomainError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("DOMAIN", message, options);
  }
}

/** An operation that a rule or the lowering does not cover; names the operation and where it stands. */
export class UnsupportedOpError extends FlowifyError {
  readonly op: string;
  readonly node: string;
  constructor(op: string, node: string, message: string, options?: ErrorOptions) {
    super("UNSUPPORTED_OP", message, options);
    this.op = op;
    this.node = node;
  }
}

/** A checkpoint that is cut short, damaged, of another network or of another version. */
export class CheckpointError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("CHECKPOINT", message, options);
  }
}

/** A data set that is missing, damaged or not what it says it is. */
export class DataError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("DATA", message, options);
  }
}

/** What the user asked for does not exist or cannot be combined. */
export class UsageError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("USAGE", message, options);
  }
}

/** A loss or gradient that is not finite; `step` and `layer` say where it was first seen. */
export class NotFiniteError extends FlowifyError {
  readonly step: number;
  readonly layer: string;
  constructor(step: number, layer: string, message: string, options?: ErrorOptions) {
    super("NOT_FINITE", message, options);
    this.step = step;
    this.layer = layer;
  }
}

/** A device that is absent or broke. */
export class DeviceError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("DEVICE", message, options);
  }
}

/** A program, a training step most often, that needs more memory than there is. */
export class MemoryError extends FlowifyError {
  readonly bytes: number;
  readonly available: number;
  constructor(
    what: string,
    bytes: number,
    available: number,
    { fits, ...options }: ErrorOptions & { fits?: string } = {},
  ) {
    const show = (value: number): string => `${(value / 2 ** 30).toPrecision(3)} GiB`;
    const needs = `${what} needs about ${show(bytes)} of memory, ${show(available)} are available`;
    super("MEMORY", fits === undefined ? needs : `${needs}\n${fits}`, options);
    this.bytes = bytes;
    this.available = available;
  }
}

/** A file that could not be fetched: the server refuses it, the connection breaks again and again. */
export class DownloadError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("DOWNLOAD", message, options);
  }
}

/** Two computations of one function that differ by more than rounding does. */
export class MismatchError extends FlowifyError {
  constructor(message: string, options?: ErrorOptions) {
    super("MISMATCH", message, options);
  }
}

/** A layer that breaks a law of the contract; `law` is the one to look at first, `laws` all that fail. */
export class LawError extends FlowifyError {
  readonly law: string;
  readonly laws: readonly string[];
  constructor(
    law: string,
    message: string,
    { laws = [law], ...options }: ErrorOptions & { laws?: readonly string[] } = {},
  ) {
    super("LAW", message, options);
    this.law = law;
    this.laws = laws;
  }
}
