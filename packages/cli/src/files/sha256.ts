import { UsageError } from "@flowify/core";

/**
 * The sha256 of some bytes, hexadecimal.
 *
 * @throws UsageError on a page not served over HTTPS or from localhost, where browsers have no hash
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle)
    throw new UsageError(
      "this page is not served over HTTPS, so the browser cannot compute a sha256\nopen it over https:// or from localhost",
    );
  const hash = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
