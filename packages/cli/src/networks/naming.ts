import {
  DataError,
  DomainError,
  FlowifyError,
  ShapeError,
  UnsupportedOpError,
  UsageError,
} from "@flowify/core";
import { written } from "../flags/flag.js";

/** Options of the library as flags of the command: `by the option inputShape` → `by --input-shape`. */
const asFlags = (message: string): string =>
  message.replace(/by the option (\w+)/g, (_, name: string) => `by ${written(name)}`);

/** The result of `read`, or its error with the file in front of the message. */
export async function naming<T>(file: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof FlowifyError)) throw cause;
    const message = `${file}: ${asFlags(cause.message)}`;
    if (cause instanceof UnsupportedOpError)
      throw new UnsupportedOpError(cause.op, cause.node, message, { cause, all: cause.all });
    const Kind = [DataError, DomainError, ShapeError].find((each) => cause instanceof each) ?? UsageError;
    throw new Kind(message, { cause });
  }
}
