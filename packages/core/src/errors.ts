/**
 * The errors that flowify throws deliberately. Each has a stable `code`, and its message names the cause, the expected
 * and the found value.
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

/** The base class: `error.code` identifies the kind without `instanceof`. */
export class FlowifyError extends Error {
  readonly code: FlowifyErrorCode;
  constructor(code: FlowifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A class of errors with a code that say no more than their message. */
const errorOf = (code: FlowifyErrorCode) =>
  class extends FlowifyError {
    constructor(message: string, options?: ErrorOptions) {
      super(code, message, options);
    }
  };

/** Shapes that do not fit: `linear[2]: expected x [B, 64], got [32, 63]`. */
export class ShapeError extends errorOf("SHAPE") {}

/** A number outside the range in which a formula holds (a zero scale, NaN in the input, levels < 2). */
export class DomainError extends errorOf("DOMAIN") {}

/**
 * An operation that a rule or the lowering does not support; names the operation and its node. `all`: nodes of every operation in
 * the way, as far as they are known.
 */
export class UnsupportedOpError extends FlowifyError {
  readonly all: Readonly<Record<string, readonly string[]>>;
  constructor(
    readonly op: string,
    readonly node: string,
    message: string,
    { all = { [op]: [node] }, ...options }: ErrorOptions & Partial<Pick<UnsupportedOpError, "all">> = {},
  ) {
    super("UNSUPPORTED_OP", message, options);
    this.all = all;
  }
}

/** A checkpoint that is cut short, damaged, of another network or of another version. */
export class CheckpointError extends errorOf("CHECKPOINT") {}

/** A data set that is missing, damaged or of another kind than expected. */
export class DataError extends errorOf("DATA") {}

/** A request for something that does not exist, or for options that exclude each other. */
export class UsageError extends errorOf("USAGE") {}

/** A loss or gradient that is not finite; `step` and `layer` locate its first occurrence. */
export class NotFiniteError extends FlowifyError {
  constructor(
    readonly step: number,
    readonly layer: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super("NOT_FINITE", message, options);
  }
}

/** A device that is missing or failed. */
export class DeviceError extends errorOf("DEVICE") {}

/** A program, usually a training step, that needs more than the available memory. */
export class MemoryError extends FlowifyError {
  constructor(
    what: string,
    readonly bytes: number,
    readonly available: number,
    { fits, ...options }: ErrorOptions & { fits?: string } = {},
  ) {
    const show = (value: number): string => `${(value / 2 ** 30).toPrecision(3)} GiB`;
    const needs = `${what} needs about ${show(bytes)} of memory, ${show(available)} are available`;
    super("MEMORY", fits === undefined ? needs : `${needs}\n${fits}`, options);
  }
}

/** A download that failed: the server refused it, or the connection broke repeatedly. */
export class DownloadError extends errorOf("DOWNLOAD") {}

/** Two computations of one function that differ by more than rounding errors. */
export class MismatchError extends errorOf("MISMATCH") {}

/** A layer that violates the contract; `law` is the first failed test of the law suite, `laws` are all failed ones. */
export class LawError extends FlowifyError {
  readonly laws: readonly string[];
  constructor(
    readonly law: string,
    message: string,
    { laws = [law], ...options }: ErrorOptions & { laws?: readonly string[] } = {},
  ) {
    super("LAW", message, options);
    this.laws = laws;
  }
}
