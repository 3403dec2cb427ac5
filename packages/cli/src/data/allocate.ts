import { totalmem } from "node:os";
import { DataError } from "@flowify/core";

/**
 * Zeros, where the machine has room for them.
 *
 * @throws DataError that says how much it would be
 */
export function allocate(where: string, bytes: number): Uint8Array {
  const refusal = (cause?: unknown): DataError =>
    new DataError(
      `${where}: its images take ${(bytes / 2 ** 30).toFixed(1)} GiB, more than there is room for\ntake fewer or smaller ones`,
      { cause },
    );
  if (bytes > totalmem()) throw refusal();
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw refusal(cause);
  }
}
