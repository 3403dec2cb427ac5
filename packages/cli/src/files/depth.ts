import { DataError } from "@flowify/core";

/** Deepest nesting of a document: more than any network needs, less than exhausts the stack. */
const DEEPEST = 300;

/** @throws DataError for a document so deeply nested that recursion would exhaust the stack */
export function expectShallow(path: string, json: unknown): void {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST)
      throw new DataError(
        `${path}: nested more than ${DEEPEST} deep\nput layers one after another instead of nesting them`,
      );
    level = level.flatMap((value): unknown[] =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
}
