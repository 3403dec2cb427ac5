import * as v from "valibot";
import { UsageError } from "./errors.js";
import type { Schema } from "./layers/options.js";
import { didYouMean, showValue } from "./near-name.js";

/** A schema for each option of a function. */
export type SchemasOf<T> = { readonly [N in keyof Required<T>]: Schema<unknown> };

/**
 * Checks the options that a public function was called with; undefined counts as left out.
 *
 * @param where names the function in messages
 * @throws UsageError for a required option that is missing, one that does not exist, with the nearest name, and for a value of another kind
 */
export function checkOptions<T>(
  where: string,
  schemas: SchemasOf<T>,
  given: unknown,
  required: readonly (keyof T & string)[] = [],
): void {
  if (given === undefined && required.length === 0) return;
  const names = Object.keys(schemas);
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new UsageError(`${where}: expected options { ${names.join(", ")} }, found ${showValue(given)}`);
  const missing = required.find((name) => (given as Partial<T>)[name] === undefined);
  if (missing)
    throw new UsageError(`${where}: the option ${missing} is missing; it needs ${required.join(", ")}`);
  for (const [name, value] of Object.entries(given)) {
    if (!names.includes(name))
      throw new UsageError(
        `${where}: unknown option "${name}"${didYouMean(name, names) || `; it has ${names.join(", ")}`}`,
      );
    const schema = schemas[name as keyof T];
    const [issue] = (value !== undefined && v.safeParse(schema, value, { message: standard }).issues) || [];
    if (issue) throw new UsageError(`${where}: ${name}: ${issue.message}`);
  }
}

const standard = ({ expected, received }: v.BaseIssue<unknown>): string =>
  `expected ${expected}, found ${received}`;
