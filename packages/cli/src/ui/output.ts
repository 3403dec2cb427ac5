import type { OutputStream } from "./terminal.js";

/** Nobody reads an output any more, as after `flowify … | head`: no failure, and there is nobody left to tell anything. */
export class NoReaderError extends Error {}

/** An output of the process whose failures are kept. */
export type Output = OutputStream & {
  /** What kept text from it: a NoReaderError, or what the system says, of a full disk say. */
  failure(): Error | undefined;
  /** Waits for everything that was written. */
  flush(): Promise<void>;
};

type Stream = Pick<NodeJS.WriteStream, "on" | "write"> & { isTTY?: boolean; columns?: number };

/** A pipe without a reader; a terminal that was closed. */
const hasNoReader = ({ code }: NodeJS.ErrnoException, { isTTY }: Stream): boolean =>
  code === "EPIPE" || (code === "EIO" && isTTY === true);

export type OutputOptions = Readonly<{
  stream: Stream;
  /** What messages call it. */
  name: string;
  /** Hears at once that the reader has gone. */
  onNoReader(): void;
  /** Leaves out what cannot be written in place of throwing: the work goes on without notes. */
  dispensable?: boolean;
  /** While it is true, nothing is written. */
  silent?(): boolean;
}>;

/**
 * Keeps a failure of an output, which would otherwise end the process where it stands, whatever is computed beside or
 * waits to be saved. The next `write` throws it.
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
      ? new NoReaderError(`nobody reads ${name}`, { cause })
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
