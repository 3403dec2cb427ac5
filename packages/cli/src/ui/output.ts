import type { OutputStream } from "./terminal.js";

/** An output is closed, as after `flowify … | head`: this is no failure, and no message can be shown. */
export class NoReaderError extends Error {}

/** An output of the process that stores its failure. */
export type Output = OutputStream & {
  /** The failure of a write: a NoReaderError, or an error of the system such as a full disk. */
  failure(): Error | undefined;
  /** Waits for all pending writes. */
  flush(): Promise<void>;
};

type Stream = Pick<NodeJS.WriteStream, "on" | "write"> & { isTTY?: boolean; columns?: number };

/** Error codes of a pipe without a reader and a closed terminal. */
const hasNoReader = ({ code }: NodeJS.ErrnoException, { isTTY }: Stream): boolean =>
  code === "EPIPE" || (code === "EIO" && isTTY === true);

export type OutputOptions = Readonly<{
  stream: Stream;
  /** Its name in messages. */
  name: string;
  /** Called when the reader is gone. */
  onNoReader(): void;
  /** Drops text that cannot be written instead of throwing, so that the work continues without notes. */
  dispensable?: boolean;
  /** While it is true, nothing is written. */
  silent?(): boolean;
}>;

/**
 * Stores a failure of an output, which would otherwise end the process at once and lose unsaved results. The next
 * `write` throws it.
 */
export function outputTo({
  stream,
  name,
  onNoReader,
  dispensable = false,
  silent = () => false,
}: OutputOptions): Output {
  let failure: Error | undefined;
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (failure) return;
    const { code, syscall } = cause;
    failure = hasNoReader(cause, stream)
      ? new NoReaderError(`${name} is closed`, { cause })
      : Object.assign(new Error(`${name}: ${cause.message}`, { cause }), { code, syscall });
    if (failure instanceof NoReaderError) onNoReader();
  });
  return {
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns;
    },
    write(text) {
      if (silent()) return false;
      if (failure === undefined) return stream.write(text);
      if (dispensable) return false;
      throw failure;
    },
    failure: () => failure,
    flush: async () => {
      if (failure === undefined) await new Promise((resolve) => stream.write("", resolve));
    },
  };
}
