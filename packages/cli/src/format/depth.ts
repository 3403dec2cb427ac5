import { DataError } from "@flowify/core";

/** Objects within objects that a document may have: more than any network needs, fewer than exhaust the stack. */
const DEEPEST = 300;

/** @throws DataError for a document that is nested so deeply that walking through it would exhaust the stack */
export function expectShallow(path: string, json: unknown): void {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST)
      throw new DataError(
        `${path}: nested more than ${DEEPEST} deep\nput layers one after the other instead of into each other`,
      );
    level = level.flatMap((value): unknown[] =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
}
