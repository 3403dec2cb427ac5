import { DataError } from "@flowify/core";

/** Deepest nesting: more than any model needs, less than exhausts the stack. */
const DEEPEST = 300;

/**
 * A JSON document of Keras; tuples that are marked as such become lists.
 *
 * @throws DataError for a text that is not JSON, or nested so deeply that recursion would exhaust the stack
 */
export function parsedJson(bytes: Uint8Array | string, what: string): unknown {
  try {
    const text = typeof bytes === "string" ? bytes : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    let depth = 0;
    for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[{]|[\]}]/gs)) {
      if (token === "[" || token === "{") depth++;
      else if (token === "]" || token === "}") depth--;
      if (depth > DEEPEST) throw new Error(`nested more than ${DEEPEST} deep`);
    }
    return JSON.parse(text, (_, value: { class_name?: unknown; items?: unknown } | null) =>
      value?.class_name === "__tuple__" && Array.isArray(value.items) ? value.items : value,
    );
  } catch (cause) {
    throw new DataError(`${what} is not JSON (${(cause as Error).message})\nsave the model again`, { cause });
  }
}
