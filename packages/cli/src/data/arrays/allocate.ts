import { totalmem } from "node:os";
import { DataError } from "@flowify/core";

/**
 * Allocates zeros.
 *
 * @throws DataError with the size if there is not enough memory
 */
export function allocate(where: string, bytes: number): Uint8Array {
  const refusal = (cause?: unknown): DataError =>
    new DataError(
      `${where}: its images take ${(bytes / 2 ** 30).toFixed(1)} GiB, more than this process can allocate\nuse fewer or smaller images`,
      { cause },
    );
  if (bytes > totalmem()) throw refusal();
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw refusal(cause);
  }
}
